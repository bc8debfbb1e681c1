import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot } from '../../packages/local-services/tools';

const requirementsFile = path.join(__dirname, 'requirements.txt');
const requirements = readFileSync(requirementsFile, 'utf8').trim().split('\n');
const importsAll = requirements.map((line) => `import ${line.split('==')[0]}`).join('; ');

/** A Python that has the packages of requirements.txt, or why there is none. */
export type FoundPython = { readonly executable: string } | { readonly missing: string };

/** pip gives up on a network that does not answer before anybody waits for long. */
const PIP_OPTIONS = ['--disable-pip-version-check', '--quiet', '--only-binary', ':all:'];
const PIP_PATIENCE = ['--retries', '1', '--timeout', '10'];
const PIP_MILLIS = 180_000;

/**
 * `CHURN_TEST_PYTHON`; else a python3 on PATH that can import the packages; else one in a virtual
 * environment in the per-user cache, which the first call makes (some 15 s, and 500 MB). Never
 * throws: a machine without network or Python gets the reason.
 */
export function findPython(env: NodeJS.ProcessEnv = process.env): FoundPython {
  const chosen = env.CHURN_TEST_PYTHON;
  if (chosen) {
    const problem = problemOf(chosen);
    return problem ? { missing: `CHURN_TEST_PYTHON: ${problem}` } : { executable: chosen };
  }
  if (!problemOf('python3')) return { executable: 'python3' };
  const name = `interop-${requirements.map((line) => line.replace('==', '-')).join('_')}`;
  const folder = path.join(cacheRoot(env), name);
  const executable = path.join(folder, 'bin', 'python');
  // What has its final name is whole, unless the Python below it went away.
  if (!run(executable, ['--version'])) return { executable };
  const problem = makeEnvironment(folder);
  return problem ? { missing: problem } : { executable };
}

/** Why this Python can't read the store; undefined when it can. */
function problemOf(executable: string): string | undefined {
  return run(executable, ['-c', importsAll]);
}

/** Made under another name first: what has the final name is whole. */
function makeEnvironment(folder: string): string | undefined {
  const temporary = `${folder}.tmp-${process.pid}`;
  try {
    mkdirSync(path.dirname(folder), { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    const python = path.join(temporary, 'bin', 'python');
    const pip = ['-m', 'pip', 'install', ...PIP_OPTIONS, ...PIP_PATIENCE, '-r', requirementsFile];
    const problem = run('python3', ['-m', 'venv', temporary]) ?? run(python, pip, PIP_MILLIS);
    if (!problem) renameSync(temporary, folder);
    return problem;
  } catch (error) {
    // Another run may have been first.
    const isThere = !run(path.join(folder, 'bin', 'python'), ['--version']);
    return isThere ? undefined : (error as Error).message;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function run(executable: string, args: readonly string[], timeout = 60_000): string | undefined {
  const { status, error, stderr } = spawnSync(executable, args, { timeout, encoding: 'utf8' });
  if (error) return `${executable}: ${error.message}`;
  if (status === 0) return undefined;
  return `${executable}: ${stderr.trim().split('\n').at(-1) || `exit code ${status}`}`;
}
