import { ChurnError, type ErrorDetails } from '../contracts';
import {
  withBriefLock,
  withLeasedLock,
  type Database,
  type HeldLease,
  type LeaseTimes,
  type LockLease,
  type TransactionSql,
} from '../database';
import type { LoadProgress } from './load-progress';

const LOAD_LOCK_KEY = 7_401_331;

/** What a load says of itself while it runs. */
export type LoadState = {
  readonly source: 'import' | 'synthetic';
  /** The number that its batch will have; null until it has looked. */
  readonly batch: number | null;
  readonly progress: LoadProgress | null;
};

/**
 * Runs a load in one transaction that holds the load lock: loads, and every taking of K and S, go one
 * at a time, so that no row can slip behind a K that was already taken.
 *
 * @throws ChurnError LEASE_EXPIRED when its process was stopped for a minute
 */
export function withLoadLock<T>(
  database: Database,
  { source, times }: Pick<LoadState, 'source'> & { times?: LeaseTimes },
  work: (tx: TransactionSql, lease: LockLease<LoadState>) => Promise<T>,
): Promise<T> {
  const state: LoadState = { source, batch: null, progress: null };
  const lock = { key: LOAD_LOCK_KEY, activity: 'loading data', state, times };
  return withLeasedLock(database, lock, work);
}

/** A load that says how far it is. */
export interface ToldLoad {
  onBatch(batch: number): void;
  onProgress?(progress: LoadProgress): void;
}

/** The options of a load, such that those who wait for it hear of its progress too. */
export function telling<Options extends Pick<ToldLoad, 'onProgress'>>(
  lease: LockLease<LoadState>,
  options: Options,
): Options & ToldLoad {
  return {
    ...options,
    onBatch: (batch) => lease.tell({ batch }),
    onProgress: (progress) => {
      lease.tell({ progress });
      options.onProgress?.(progress);
    },
  };
}

/**
 * Runs work that takes a moment while nothing is loaded.
 *
 * @param options.waitMillis  How long it waits for a load under way; null: until that has ended.
 * @throws ChurnError LOAD_RUNNING
 */
export function betweenLoads<T>(
  database: Database,
  options: { waitMillis: number | null; times?: LeaseTimes },
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  const refuse = (load: HeldLease<LoadState> | null) =>
    new ChurnError('LOAD_RUNNING', describeLoad(load));
  return withBriefLock(database, { ...options, key: LOAD_LOCK_KEY, refuse }, work);
}

const sources = { import: 'an import', synthetic: 'a load of synthetic data' } as const;

/** For LOAD_RUNNING: what is known of the load in words, and the same as values. */
export function describeLoad(load: HeldLease<LoadState> | null): ErrorDetails {
  if (load === null) return { load: 'nothing more is known of it' };
  const { source, batch, progress } = load.state;
  const named = batch === null ? sources[source] : `${sources[source]}, batch ${batch}`;
  const begun = `${named}, since ${load.startedAt}`;
  const known: ErrorDetails = {
    source,
    started_at: load.startedAt,
    ...(batch !== null && { batch }),
  };
  if (progress === null) return { load: begun, ...known };
  const { table, phase, rows, total } = progress;
  const count = total === undefined ? `${rows} rows` : `${rows} of ${total} rows`;
  const text = `${begun}; ${phase} ${table}, ${count}`;
  return { load: text, ...known, table, phase, rows, ...(total !== undefined && { total }) };
}
