import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { createScratchDirectory } from '../environment/scratch-directory';
import { read, root } from '../repository-files';

/** A Node that is not supported: one that PATH has, else this one under the name of an old one. */
const oldNode = findOldNode() ?? process.execPath;

/**
 * The scripts of bin/ in a folder of their own, as a clone has them after set-up by this process's
 * Node, with a small program in place of the command line.
 */
export function createCheckout(program: string) {
  const scratch = createScratchDirectory();
  const inside = (file: string) => path.join(scratch.path, file);
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(inside(file)), { recursive: true });
    writeFileSync(inside(file), text);
  };
  cpSync(path.join(root, 'bin'), inside('bin'), { recursive: true });
  write('package.json', read('package.json'));
  write('.nvmrc', read('.nvmrc'));
  write('node_modules/.churn-node', `${process.execPath}\n`);
  write('dist/packages/cli/main.js', program);
  write('pretend-to-be-old.cjs', pretendToBeOld);
  return {
    remove: scratch.remove,
    inside,
    write,
    writeProgram: (file: string, text: string) => {
      write(file, text);
      chmodSync(inside(file), 0o755);
    },
    /** Runs a script with a Node that is not supported. */
    withOldNode: (args: readonly string[], input = '') =>
      spawnSync(oldNode, args, { cwd: scratch.path, env: environment(), input, encoding: 'utf8' }),
    startWithOldNode: (args: readonly string[]) =>
      spawn(oldNode, args, { cwd: scratch.path, env: environment() }),
  };

  function environment(): NodeJS.ProcessEnv {
    if (oldNode !== process.execPath) return process.env;
    const options = `--require ${JSON.stringify(inside('pretend-to-be-old.cjs'))}`;
    return { ...process.env, NODE_OPTIONS: options, PRETEND_TO_BE_OLD: 'yes' };
  }
}

/** Only for the first process: what that starts in its place does not find the variable any more. */
const pretendToBeOld = `
  if (process.env.PRETEND_TO_BE_OLD) {
    delete process.env.PRETEND_TO_BE_OLD;
    Object.defineProperty(process.versions, 'node', { value: '21.7.0' });
    Object.defineProperty(process, 'execPath', { value: '/old/node' });
  }
`;

function findOldNode(): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, 'node'))
    .find((node) => {
      const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
      return /^v(18|19|20|21|23)\./.test(stdout ?? '');
    });
}
