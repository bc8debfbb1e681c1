import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readCodeVersion } from '../../../../packages/application/models/code-version';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { read } from '../../../repository-files';

describe('the version of the code', () => {
  const scratch = createScratchDirectory();
  const dist = path.join(scratch.path, 'dist');
  beforeAll(() => {
    mkdirSync(dist);
    writeFileSync(path.join(scratch.path, 'package.json'), '{ "version": "7.8.9" }');
  });
  afterAll(scratch.remove);

  it('is that of package.json for a build without a commit, and for sources', async () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(await readCodeVersion(dist)).toBe('7.8.9');
    expect(await readCodeVersion()).toBe(version);
  });

  it('is the commit that the build was made from', async () => {
    writeFileSync(path.join(dist, '.commit'), 'abc-dirty');
    expect(await readCodeVersion(dist)).toBe('abc-dirty');
  });
});
