import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { workflowTypes } from '../../packages/contracts/pipeline';
import * as workflows from '../../workflows';
import { bundleWorkflows, workflowBundlePath } from '../../worker/bundle-workflows';
import { createScratchDirectory } from '../environment/scratch-directory';
import { writeFileSync } from 'node:fs';

describe('the workflow bundle', () => {
  it('exports exactly the workflow types that clients start', () => {
    expect(Object.keys(workflows).sort()).toEqual(Object.values(workflowTypes).sort());
  });

  it('bundles without a warning', async () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const code = await bundleWorkflows();
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
    for (const type of Object.values(workflowTypes)) expect(code).toContain(type);
  });

  it('is refused when a workflow imports Node', async () => {
    const scratch = createScratchDirectory();
    const workflowsPath = path.join(scratch.path, 'impure.ts');
    writeFileSync(
      workflowsPath,
      `import { readFileSync } from 'node:fs';\nexport async function impure() { return readFileSync('x'); }\n`,
    );
    const quiet = () => {};
    const logger = {
      log: quiet,
      trace: quiet,
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: quiet,
    };
    await expect(bundleWorkflowCode({ workflowsPath, logger })).rejects.toThrow();
    scratch.remove();
  });

  it('goes to dist/', () => {
    expect(workflowBundlePath().endsWith(path.join('dist', 'workflow-bundle.js'))).toBe(true);
  });
});
