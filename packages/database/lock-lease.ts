import type { Sql, TransactionSql } from 'postgres';

/** What the holder of a lock says of itself; a JSON object. */
export type LeaseState = Readonly<Record<string, unknown>>;

export interface HeldLease<S extends LeaseState = LeaseState> {
  readonly state: S;
  readonly startedAt: string;
}

/** How the holder of a lock shows others that its process lives. */
export interface LockLease<S extends LeaseState> {
  /** What others are told from the next renewal on. */
  tell(news: Partial<S>): void;
  /** Whether another process has ended this transaction, which was silent for too long. */
  wasEnded(): Promise<boolean>;
  /** Stops renewing. */
  release(): Promise<void>;
}

/**
 * Takes the lease of the lock that this transaction holds, and renews it until it is released. It is
 * written outside the transaction: else nobody could see it.
 */
export async function takeLease<S extends LeaseState>(
  sql: Sql,
  tx: TransactionSql,
  lease: { lockKey: number; state: S; renewMillis: number },
): Promise<LockLease<S>> {
  const { lockKey, renewMillis } = lease;
  let { state } = lease;
  const [session] = await tx<{ pid: number; start: string }[]>`
    SELECT pid, backend_start::text AS start FROM pg_stat_activity WHERE pid = pg_backend_pid()`;
  const { pid, start } = session!;
  const isOwn = () => sql`lock_key = ${lockKey} AND backend_pid = ${pid}
    AND backend_start = ${start}::text::timestamptz AND ended_at IS NULL`;
  await sql`
    INSERT INTO ops.lock_leases AS lease
      (lock_key, backend_pid, backend_start, state, started_at, renewed_at)
    VALUES (${lockKey}, ${pid}, ${start}::text::timestamptz, ${JSON.stringify(state)}::text::jsonb,
      clock_timestamp(), clock_timestamp())
    ON CONFLICT (lock_key) DO UPDATE SET backend_pid = excluded.backend_pid,
      backend_start = excluded.backend_start, state = excluded.state,
      started_at = excluded.started_at, renewed_at = excluded.renewed_at, ended_at = NULL`;
  const renewals = repeat(renewMillis, async () => {
    await sql`UPDATE ops.lock_leases
      SET renewed_at = clock_timestamp(), state = ${JSON.stringify(state)}::text::jsonb
      WHERE ${isOwn()}`;
  });
  return {
    tell: (news) => (state = { ...state, ...news }),
    wasEnded: async () => (await sql`SELECT FROM ops.lock_leases WHERE ${isOwn()}`).length === 0,
    release: async () => {
      await renewals.stop();
      await sql`DELETE FROM ops.lock_leases WHERE ${isOwn()}`;
    },
  };
}

/** The sessions that hold a lock and have its lease. */
function holders(sql: Sql, lockKey: number) {
  return sql`
    ops.lock_leases AS lease
    JOIN pg_stat_activity AS session
      ON session.pid = lease.backend_pid AND session.backend_start = lease.backend_start
    JOIN pg_locks AS held ON held.pid = session.pid AND held.locktype = 'advisory' AND held.granted
      AND held.classid = 0 AND held.objid = ${lockKey} AND held.objsubid = 1
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    WHERE lease.lock_key = ${lockKey}`;
}

/** The lease of the lock's holder; null when nobody holds it, or somebody without a lease. */
export async function readLease<S extends LeaseState>(
  sql: Sql,
  lockKey: number,
): Promise<HeldLease<S> | null> {
  const [row] = await sql<{ state: S; started_at: string }[]>`
    SELECT lease.state, lease.started_at FROM ${holders(sql, lockKey)}`;
  return row ? { state: row.state, startedAt: row.started_at } : null;
}

/**
 * Ends the session of a holder whose lease was not renewed for so long: its process is frozen, or cut
 * off from Postgres. That rolls its transaction back and gives the lock to the next one.
 */
export async function endSilentHolder(
  sql: Sql,
  { lockKey, silentMillis }: { lockKey: number; silentMillis: number },
): Promise<void> {
  await sql`
    WITH silent AS (
      UPDATE ops.lock_leases SET ended_at = clock_timestamp()
      WHERE lock_key = ${lockKey}
        AND renewed_at < clock_timestamp() - ${`${silentMillis} milliseconds`}::text::interval
      RETURNING lock_key)
    SELECT pg_terminate_backend(session.pid) FROM ${holders(sql, lockKey)}
      AND EXISTS (SELECT FROM silent)`;
}

/** Does the work now and then, never twice at a time; a failure is left to the next time. */
export function repeat(everyMillis: number, work: () => Promise<unknown>) {
  let running: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch(() => {})
      .finally(() => (running = undefined));
  }, everyMillis);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
