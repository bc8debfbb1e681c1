import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Where the build puts the bundle, and the worker reads it: beside the compiled code. */
export function workflowBundlePath(): string {
  const here = path.resolve(__dirname, '..');
  const dist = path.basename(here) === 'dist' ? here : path.join(here, 'dist');
  return path.join(dist, 'workflow-bundle.js');
}

/** The workflows as one script without Node's modules; refused when one of them imports such. */
export async function bundleWorkflows(): Promise<string> {
  const workflows = path.resolve(__dirname, '../workflows/index');
  const workflowsPath = existsSync(`${workflows}.js`) ? `${workflows}.js` : `${workflows}.ts`;
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: quietLogger });
  return code;
}

const ignore = () => {};
const complain = (message: string) => void process.stderr.write(`${message}\n`);
const quietLogger = {
  log: ignore,
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: complain,
  error: complain,
};

async function main(): Promise<void> {
  const file = workflowBundlePath();
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, await bundleWorkflows());
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  });
}
