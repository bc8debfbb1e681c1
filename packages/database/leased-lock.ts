import type { TransactionSql } from 'postgres';
import { ChurnError, type ErrorCode } from '../contracts';
import { beginUntilAborted } from './begin-until-aborted';
import {
  endSilentHolder,
  readLease,
  repeat,
  takeLease,
  type HeldLease,
  type LeaseState,
  type LockLease,
} from './lock-lease';
import { asDatabaseError, type Database } from './open-database';

/** How often a holder renews its lease, and how long it may be silent, in milliseconds. */
export interface LeaseTimes {
  readonly renewMillis: number;
  readonly silentMillis: number;
}

const leaseTimes: LeaseTimes = { renewMillis: 5_000, silentMillis: 60_000 };

/** How who waits for a lock hears of it, and stops waiting. */
export interface LockWait<S extends LeaseState> {
  /** Told at once and then every few seconds who holds the lock; null: one without a lease. */
  readonly onWaiting?: (holder: HeldLease<S> | null) => void;
  /** Ends the waiting, with its reason, when it is aborted. */
  readonly signal?: AbortSignal;
}

const CANCEL_MILLIS = 100;

/** Of Postgres: `lock_timeout` has passed. */
const LOCK_NOT_AVAILABLE = '55P03';

const CONNECTION_LOST: ErrorCode = 'POSTGRES_UNAVAILABLE';

/**
 * Runs work, which may take long, in a transaction that holds an advisory lock. As long as its process
 * renews the lease it has no limit. After a minute of silence, because the process was stopped, it is
 * ended and rolled back by whoever waits for the lock.
 *
 * @param lock.activity  For LEASE_EXPIRED: what the holder is doing, as in "loading data".
 * @param lock.state  What the lease says at first.
 * @param lock.wait  For the time until it has the lock.
 * @param lock.signal  Its abort ends the wait for the lock, and rolls the work back.
 * @throws ChurnError LEASE_EXPIRED when this one was ended
 */
export async function withLeasedLock<T, S extends LeaseState>(
  database: Database,
  lock: {
    key: number;
    activity: string;
    state: S;
    times?: LeaseTimes;
    wait?: LockWait<S>;
    signal?: AbortSignal;
  },
  work: (tx: TransactionSql, lease: LockLease<S>) => Promise<T>,
): Promise<T> {
  const { key, activity, state, times = leaseTimes, wait, signal } = lock;
  let lease: LockLease<S> | undefined;
  try {
    // Not at a higher level of isolation: its snapshot would be of before the lock was waited for,
    // and would not have what the holder before has committed.
    const mode = 'isolation level read committed';
    return await beginUntilAborted(database.sql, { mode, signal }, async (tx) => {
      // A process that is killed must not leave a query that runs on.
      await tx`SELECT set_config(name, '5s', true) FROM pg_settings
        WHERE name = 'client_connection_check_interval'`;
      await waitForLock(database, tx, { ...wait, key, times, waitMillis: null });
      lease = await takeLease(database.sql, tx, { ...times, lockKey: key, state });
      // From now on the lease says that the process lives: it may be idle for more than a minute.
      await tx`SELECT set_config('idle_in_transaction_session_timeout', '0', true)`;
      return work(tx, lease);
    });
  } catch (error) {
    // One that was ended has lost its connection. After another error the lock is free, and the lease
    // may be that of the next holder already.
    const mayBeEnded = (asDatabaseError(error) as { code?: unknown }).code === CONNECTION_LOST;
    if (!mayBeEnded || !(await lease?.wasEnded().catch(() => false))) throw error;
    const seconds = times.silentMillis / 1_000;
    throw new ChurnError('LEASE_EXPIRED', { seconds, activity }, { cause: error });
  } finally {
    await lease?.release().catch(() => {});
  }
}

/** How long work that takes a moment waits for the holder of a lock. */
export interface LockPatience<S extends LeaseState> extends LockWait<S> {
  /** Null: as long as that takes. */
  readonly waitMillis: number | null;
  /** The error for who has waited so long; null: of a holder without a lease. */
  readonly refuse: (holder: HeldLease<S> | null) => Error;
}

/** Runs work that takes a moment in a transaction that holds an advisory lock. */
export async function withBriefLock<T, S extends LeaseState>(
  database: Database,
  lock: { key: number; times?: LeaseTimes } & LockPatience<S>,
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  const { times = leaseTimes, refuse, ...wait } = lock;
  let isRefused = false;
  try {
    const result = await database.sql.begin(async (tx) => {
      isRefused = !(await waitForLock(database, tx, { ...wait, times }));
      if (isRefused) throw new Error('The lock is held.');
      return work(tx);
    });
    return result as T;
  } catch (error) {
    if (!isRefused) throw error;
    throw refuse(await readLease<S>(database.sql, lock.key));
  }
}

/** @returns false when another still holds the lock after `waitMillis`. */
async function waitForLock<S extends LeaseState>(
  database: Database,
  tx: TransactionSql,
  wait: LockWait<S> & { key: number; times: LeaseTimes; waitMillis: number | null },
): Promise<boolean> {
  const { key, times, waitMillis, signal } = wait;
  signal?.throwIfAborted();
  const [found] = await tx<{ taken: boolean; pid: number }[]>`
    SELECT pg_try_advisory_xact_lock(${key}) AS taken, pg_backend_pid() AS pid`;
  if (found!.taken) return true;
  const look = () => lookAtHolder(database, wait);
  const watch = repeat(times.renewMillis, look);
  const interruption = cancelOnAbort(database, { pid: found!.pid, signal });
  try {
    await look();
    // 0 is no limit.
    await tx`SELECT set_config('lock_timeout', ${String(waitMillis ?? 0)}, true)`;
    await tx`SELECT pg_advisory_xact_lock(${key})`;
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  } finally {
    await Promise.all([watch.stop(), interruption.stop()]);
    // Cancelled, or just before: whoever has stopped wants none of it.
    signal?.throwIfAborted();
  }
}

/** Ends a holder that is silent, and tells of one that is not. */
async function lookAtHolder<S extends LeaseState>(
  { sql }: Database,
  { key, times, onWaiting }: LockWait<S> & { key: number; times: LeaseTimes },
): Promise<void> {
  await endSilentHolder(sql, { ...times, lockKey: key });
  if (onWaiting) onWaiting(await readLease<S>(sql, key));
}

/** Has Postgres cancel the query of a session when the signal is aborted; a transaction waits for it. */
function cancelOnAbort(
  { sql }: Database,
  { pid, signal }: { pid: number; signal: AbortSignal | undefined },
) {
  let cancelling: ReturnType<typeof repeat> | undefined;
  // Again and again: one that comes between two queries changes nothing.
  const cancel = async () => void (await sql`SELECT pg_cancel_backend(${pid})`);
  const begin = () => (cancelling = repeat(CANCEL_MILLIS, cancel));
  signal?.addEventListener('abort', begin);
  // Aborted since it was looked at last: no listener would hear of that.
  if (signal?.aborted) begin();
  return {
    stop: async () => {
      signal?.removeEventListener('abort', begin);
      await cancelling?.stop();
    },
  };
}
