import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A Python with polars and numpy: CHURN_BENCH_PYTHON, else the python3 that is there, else a
 * virtual environment below `scratch` that pip fills; null when none of them works.
 */
export async function findPython(
  scratch: string,
  note: (text: string) => void,
): Promise<string | null> {
  const named = process.env.CHURN_BENCH_PYTHON;
  for (const python of [named, 'python3']) if (python && (await hasPolars(python))) return python;
  if (named) note('CHURN_BENCH_PYTHON has no polars and numpy');
  note('installing polars and numpy into a temporary virtual environment');
  const folder = path.join(scratch, 'python');
  const python = path.join(folder, 'bin', 'python');
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(python, ['-m', 'pip', 'install', '--quiet', 'polars', 'numpy']);
    return (await hasPolars(python)) ? python : null;
  } catch {
    return null;
  }
}

async function hasPolars(python: string): Promise<boolean> {
  return run(python, ['-c', 'import polars, numpy']).then(
    () => true,
    () => false,
  );
}
