import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDb } from '../duckdb';

/** Opens a DuckDB that may read and write these folders, beside those it always may. */
export type OpenDuckDb = (directories: readonly string[]) => Promise<DuckDb>;

/** Runs work with a folder of its own below `scratchDir`; it is removed afterwards. */
export async function withScratch<T>(
  scratchDir: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(scratchDir, { recursive: true });
  const folder = await mkdtemp(path.join(path.resolve(scratchDir), 'raw-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs work with a DuckDB for these folders; it is closed afterwards. */
export async function withDuckDb<T>(
  openDuckDb: OpenDuckDb,
  directories: readonly string[],
  work: (duckDb: DuckDb) => Promise<T>,
): Promise<T> {
  const duckDb = await openDuckDb(directories);
  try {
    return await work(duckDb);
  } finally {
    duckDb.close();
  }
}
