import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PACKAGES = ['polars', 'numpy'];

/**
 * A Python with polars and numpy: CHURN_BENCH_PYTHON, else the python3 that is there, else a
 * virtual environment below `scratch` that pip fills; null when none of them works.
 */
export async function findPython(
  scratch: string,
  note: (text: string) => void,
): Promise<string | null> {
  const named = process.env.CHURN_BENCH_PYTHON;
  const found = await findPythonWith(PACKAGES);
  if (found) return found;
  if (named) note('CHURN_BENCH_PYTHON has no polars and numpy');
  note('installing polars and numpy into a temporary virtual environment');
  const folder = path.join(scratch, 'python');
  const python = path.join(folder, 'bin', 'python');
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
    return (await hasPackages(python, PACKAGES)) ? python : null;
  } catch {
    return null;
  }
}

/**
 * A Python with Feast and its DuckDB store (`pip install 'feast[duckdb]'`): CHURN_BENCH_PYTHON or the
 * python3 that is there; null when neither has it. It is too much to be installed on the way.
 */
export async function findFeastPython(): Promise<string | null> {
  return findPythonWith(['feast', 'ibis', 'duckdb', 'pandas']);
}

async function findPythonWith(packages: readonly string[]): Promise<string | null> {
  for (const python of [process.env.CHURN_BENCH_PYTHON, 'python3']) {
    if (python && (await hasPackages(python, packages))) return python;
  }
  return null;
}

async function hasPackages(python: string, packages: readonly string[]): Promise<boolean> {
  return run(python, ['-c', `import ${packages.join(', ')}`]).then(
    () => true,
    () => false,
  );
}
