import { ChurnError, type ErrorDetails } from '../contracts';
import {
  withBriefLock,
  withLeasedLock,
  type Database,
  type HeldLease,
  type LeaseTimes,
  type LockLease,
  type LockWait,
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

/** How who waits for a load under way hears of it, and stops waiting. */
export interface LoadWait {
  /** Told at once and then every few seconds, in words: which load it is and how far it is. */
  readonly onWaiting?: (load: string) => void;
  /** Ends the waiting, with its reason, when it is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a load in one transaction that holds the load lock: loads, and every taking of K and S, go one
 * at a time, so that no row can slip behind a K that was already taken. An abort rolls it back.
 *
 * @throws ChurnError LEASE_EXPIRED when its process was stopped for a minute
 */
export function withLoadLock<T>(
  database: Database,
  options: Pick<LoadState, 'source'> & {
    times?: LeaseTimes;
    waiting?: LoadWait;
    signal?: AbortSignal;
  },
  work: (tx: TransactionSql, lease: LockLease<LoadState>) => Promise<T>,
): Promise<T> {
  const { source, times, waiting, signal } = options;
  const state: LoadState = { source, batch: null, progress: null };
  const wait = lockWaitOf(waiting);
  const lock = { key: LOAD_LOCK_KEY, activity: 'loading data', state, times, wait, signal };
  return withLeasedLock(database, lock, work);
}

function lockWaitOf({ onWaiting, signal }: LoadWait = {}): LockWait<LoadState> {
  let looks = 0;
  const tell = (load: HeldLease<LoadState> | null) => {
    looks += 1;
    // Without a lease it is most often somebody who has the lock for a moment.
    if (load !== null || looks > 1) onWaiting?.(describeLoad(load).load);
  };
  return { ...(onWaiting && { onWaiting: tell }), ...(signal && { signal }) };
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
  options: { waitMillis: number | null; times?: LeaseTimes; waiting?: LoadWait },
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  const refuse = (load: HeldLease<LoadState> | null) =>
    new ChurnError('LOAD_RUNNING', describeLoad(load));
  const { waiting, ...patience } = options;
  const lock = { ...patience, ...lockWaitOf(waiting), key: LOAD_LOCK_KEY, refuse };
  return withBriefLock(database, lock, work);
}

const sources = { import: 'an import', synthetic: 'a load of synthetic data' } as const;

/** For LOAD_RUNNING: what is known of the load in words, and the same as values. */
export function describeLoad(
  load: HeldLease<LoadState> | null,
): ErrorDetails & { readonly load: string } {
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
