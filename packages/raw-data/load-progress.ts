import type { DuckDb } from '../duckdb';
import type { RawTable } from './raw-tables';

/**
 * How far a load has come; for progress lines and heartbeats. In the order of a load: `reading` the
 * files (or making synthetic rows), `cleaning` rows, `checking` ids, users and hazards, `copying` rows
 * that are certain, `comparing` the others with what is known, `loaded`; `recording` why rows of the
 * table were rejected comes last.
 */
export interface LoadProgress {
  readonly table: RawTable;
  readonly phase:
    'reading' | 'cleaning' | 'checking' | 'copying' | 'comparing' | 'loaded' | 'recording';
  /** Rows so far. */
  readonly rows: number;
  /** Of how many, as far as it is known: a text has about as many rows as lines. */
  readonly total?: number;
}

const POLL_MILLIS = 500;

/** Runs work on a DuckDB that counts progress, and says now and then how far its query is, from 0 to 1. */
export async function whileWatching<T>(
  duckDb: DuckDb,
  work: Promise<T>,
  onShare: (share: number) => void,
): Promise<T> {
  const timer = setInterval(() => {
    const { percentage } = duckDb.connection.progress;
    if (percentage > 0) onShare(Math.min(1, percentage / 100));
  }, POLL_MILLIS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
