import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { interruptOnAbort, type DuckDb } from '../duckdb';
import { asStorageError, makeFolder } from '../durable-files';

/** Opens a DuckDB that may read and write these folders, beside those it always may. */
export type OpenDuckDb = (directories: readonly string[]) => Promise<DuckDb>;

/**
 * Runs work with a folder of its own below `scratchDir`; it is removed afterwards.
 *
 * @throws ChurnError STORAGE_UNAVAILABLE when the work, or its folder, finds no room or may not write.
 */
export async function withScratch<T>(
  scratchDir: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  try {
    await makeFolder(scratchDir);
    const folder = await mkdtemp(path.join(path.resolve(scratchDir), 'raw-'));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    throw asStorageError(error);
  }
}

/**
 * Runs work with a DuckDB for these folders; it is closed afterwards. An abort interrupts the query that
 * it is in, and every later one.
 *
 * @throws the reason of the signal when the work failed after it was aborted
 */
export async function withDuckDb<T>(
  openDuckDb: OpenDuckDb,
  directories: readonly string[],
  work: (duckDb: DuckDb) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const opened = await openDuckDb(directories);
  const { duckDb, stop } = signal
    ? interruptOnAbort(opened, signal)
    : { duckDb: opened, stop: () => {} };
  try {
    return await work(duckDb);
  } catch (error) {
    // In the words of the abort, not in those of what it interrupted.
    signal?.throwIfAborted();
    throw error;
  } finally {
    stop();
    duckDb.close();
  }
}
