import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a peer needs: the names of its modules, and what pip calls the packages that have them. */
interface Requirements {
  readonly modules: readonly string[];
  readonly packages: readonly string[];
}

const DATA_FRAMES: Requirements = { modules: ['polars', 'numpy'], packages: ['polars', 'numpy'] };

const SERVING: Requirements = {
  modules: ['fastapi', 'uvicorn', 'uvloop', 'httptools', 'sklearn', 'redis', 'hiredis'],
  packages: ['fastapi', 'uvicorn', 'uvloop', 'httptools', 'scikit-learn', 'redis', 'hiredis'],
};

export interface FindPythonOptions {
  /** A folder that is removed afterwards. */
  readonly scratch: string;
  readonly note: (text: string) => void;
}

/**
 * A Python with polars and numpy: CHURN_BENCH_PYTHON, else the python3 that is there, else a
 * virtual environment below `scratch` that pip fills; null when none of them works.
 */
export function findPython(options: FindPythonOptions): Promise<string | null> {
  return findOrInstall(DATA_FRAMES, options);
}

/** As `findPython`, with FastAPI, scikit-learn and what they are served with. */
export function findServingPython(options: FindPythonOptions): Promise<string | null> {
  return findOrInstall(SERVING, options);
}

async function findOrInstall(
  { modules, packages }: Requirements,
  { scratch, note }: FindPythonOptions,
): Promise<string | null> {
  const found = await findPythonWith(modules);
  if (found) return found;
  if (process.env.CHURN_BENCH_PYTHON) note(`CHURN_BENCH_PYTHON has no ${modules.join(', ')}`);
  note(`installing ${packages.join(', ')} into a temporary virtual environment`);
  const folder = path.join(scratch, 'python');
  const python = path.join(folder, 'bin', 'python');
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(python, ['-m', 'pip', 'install', '--quiet', ...packages]);
    return (await hasPackages(python, modules)) ? python : null;
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
