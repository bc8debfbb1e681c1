import { readdirSync } from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { createScratchDirectory } from '../environment/scratch-directory';
import { root } from '../repository-files';

/**
 * Calls downloadNode in a process of its own. `install` is the body of what stands in for npm, with
 * `put(version)`, which makes a program that calls itself a Node of that version.
 */
function download(cache: string, install: string): { node: string | null; said: string[] } {
  const script = `
    import fs from 'node:fs';
    import path from 'node:path';
    import { downloadNode } from ${JSON.stringify(path.join(root, 'bin/download-node.mjs'))};
    const said = [];
    const node = downloadNode({
      version: '24.1.2',
      env: { XDG_CACHE_HOME: ${JSON.stringify(cache)} },
      say: (line) => said.push(line),
      install: (name, folder) => {
        said.push('install ' + name);
        const put = (version, where = folder) => {
          const file = path.join(where, 'node_modules/node/bin/node');
          fs.mkdirSync(path.dirname(file), { recursive: true });
          fs.writeFileSync(file, '#!/bin/sh\\necho ' + version + '\\n', { mode: 0o755 });
          return true;
        };
        ${install}
      },
    });
    process.stdout.write(JSON.stringify({ node: node ?? null, said }));`;
  const args = ['--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as never;
}

describe('the download of a Node', () => {
  let scratch: ReturnType<typeof createScratchDirectory>;
  beforeEach(() => (scratch = createScratchDirectory()));
  afterEach(() => scratch.remove());
  const inCache = () => readdirSync(path.join(scratch.path, 'churn'));

  it('happens once', () => {
    const first = download(scratch.path, `return put('v24.1.2');`);
    const second = download(scratch.path, `throw new Error('not again');`);

    expect(first.said).toContain('install node@24.1.2');
    expect(second.node).toBe(first.node);
    expect(first.node).toMatch(/\/churn\/node-24\.1\.2\/node_modules\/node\/bin\/node$/);
    expect(inCache()).toEqual(['node-24.1.2']);
  });

  it.each([
    ['npm fails', `put('v24.1.2'); return false;`],
    ['npm installs no program', `return true;`],
    ['it is another version', `return put('v24.1.3');`],
  ])('leaves nothing when %s', (_when, install) => {
    expect(download(scratch.path, install).node).toBeNull();
    expect(inCache()).toEqual([]);
  });

  it('takes the one that somebody else has just downloaded', () => {
    const other = path.join(scratch.path, 'churn', 'node-24.1.2');
    const both = `put('v24.1.2', ${JSON.stringify(other)}); return put('v24.1.2');`;

    expect(download(scratch.path, both).node).toBe(path.join(other, 'node_modules/node/bin/node'));
    expect(inCache()).toEqual(['node-24.1.2']);
  });

  it('replaces a folder without a program', () => {
    const broken = `fs.mkdirSync(${JSON.stringify(path.join(scratch.path, 'churn/node-24.1.2/x'))},
      { recursive: true }); return put('v24.1.2');`;

    expect(download(scratch.path, broken).node).not.toBeNull();
  });
});
