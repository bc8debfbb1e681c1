import type { Knowledge, PartitionManifest, PartitionStatus } from '../contracts';
import { throwDatabaseError, type Database, type Sql, type TransactionSql } from '../database';
import type { LogicalDate } from '../instants';

const DATASET = 'features';

/** A row of the ledger. */
export interface LedgerRow {
  readonly date: LogicalDate;
  readonly status: PartitionStatus;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly claimedBy: string | null;
  readonly isExpired: boolean;
  readonly manifest: PartitionManifest | null;
  readonly checkedThroughBatch: number | null;
  readonly checkedKnownAt: string | null;
  /** The same of rows that touch the state; null: of none since the partition's own (K, S). */
  readonly stateCheckedThroughBatch: number | null;
  readonly stateCheckedKnownAt: string | null;
  readonly servedKnownAt: string | null;
  readonly servedBatch: number | null;
  readonly error: string | null;
}

/** A right to publish one date, until it expires or a later claim takes it over. */
export interface Claim {
  readonly date: LogicalDate;
  readonly owner: string;
  readonly fencingToken: number;
  /** What was published when the claim was made. */
  readonly published: PartitionManifest | null;
  /** False where readers see a revision that a killed attempt did not get to record. */
  readonly isRecorded: boolean;
  /** The number of a later revision whose manifest is damaged: it is not given again. */
  readonly damagedRevision?: number;
}

/** Up to where late data was looked for: a batch, and the moment whose knowledge it was. */
export interface Checked extends Knowledge {
  /** `state`: for the state only, which is new; what was looked for before stands for the rest. */
  readonly scope?: 'state';
}

/** The claims and publications of partitions; an index that can be rebuilt from the manifests. */
export type Ledger = ReturnType<typeof createLedger>;

const columns = `date, status, attempt, fencing_token as "fencingToken", claimed_by as "claimedBy",
  status = 'running' and claim_expires_at < clock_timestamp() as "isExpired", manifest,
  checked_through_batch as "checkedThroughBatch", checked_known_at as "checkedKnownAt",
  state_checked_through_batch as "stateCheckedThroughBatch",
  state_checked_known_at as "stateCheckedKnownAt",
  served_known_at as "servedKnownAt",
  served_batch as "servedBatch", error`;

export function createLedger(database: Database, { leaseSeconds = 45 } = {}) {
  return {
    leaseSeconds,
    ...createReads(database),
    ...createClaims(database, leaseSeconds),
    ...createPublications(database),
    ...createNotes(database),
  };
}

function createReads({ sql }: Database) {
  return {
    /** The rows of a range, both ends inclusive, in date order. */
    async list(range: { from?: LogicalDate; to?: LogicalDate } = {}): Promise<LedgerRow[]> {
      const rows = await sql<LedgerRow[]>`
        select ${sql.unsafe(columns)} from ops.partition_runs
        where dataset = ${DATASET} and date >= ${range.from ?? '0000'} and date <= ${range.to ?? '9999'}
        order by date`.catch(throwDatabaseError);
      return [...rows];
    },

    /** The row of the last date of which a revision is published; null: of none. */
    async newestPublished(): Promise<LedgerRow | null> {
      const [row] = await sql<LedgerRow[]>`
        select ${sql.unsafe(columns)} from ops.partition_runs
        where dataset = ${DATASET} and manifest is not null
        order by date desc limit 1`.catch(throwDatabaseError);
      return row ?? null;
    },

    /** How many dates an owner has published so far. */
    async countPublishedBy(owner: string): Promise<number> {
      const [row] = await sql<{ count: number }[]>`
        select count(*) as count from ops.partition_runs
        where dataset = ${DATASET} and claimed_by = ${owner} and status = 'succeeded'`.catch(
        throwDatabaseError,
      );
      return row?.count ?? 0;
    },
  };
}

function createClaims({ sql }: Database, leaseSeconds: number) {
  const lease = sql.unsafe(`clock_timestamp() + interval '${Number(leaseSeconds)} seconds'`);

  /** Claims dates, leaving out those that another owner's live claim holds. */
  async function claimAll(dates: readonly LogicalDate[], owner: string): Promise<Claim[]> {
    if (dates.length === 0) return [];
    const rows = await sql<
      { date: LogicalDate; fencingToken: number; published: PartitionManifest | null }[]
    >`
      insert into ops.partition_runs as run
        (dataset, date, status, attempt, fencing_token, claimed_by, claim_expires_at, started_at)
      select ${DATASET}, date, 'running', 1, 1, ${owner}, ${lease}, clock_timestamp()
      from unnest(${[...dates].sort()}::text[]) as wanted(date)
      on conflict (dataset, date) do update set
        status = 'running', attempt = run.attempt + 1, fencing_token = run.fencing_token + 1,
        claimed_by = excluded.claimed_by, claim_expires_at = excluded.claim_expires_at,
        started_at = excluded.started_at, finished_at = null, error = null
      where run.status <> 'running' or run.claim_expires_at < clock_timestamp()
        or run.claimed_by = excluded.claimed_by returning date, fencing_token as "fencingToken",
        manifest as published`.catch(throwDatabaseError);
    return rows.map((row) => ({ ...row, owner, isRecorded: true }));
  }

  return {
    claimAll,

    /** Claims a date, or returns undefined while another owner's claim is alive. */
    async claim(date: LogicalDate, owner: string): Promise<Claim | undefined> {
      return (await claimAll([date], owner))[0];
    },

    /** Puts off the expiry of claims that are still held. */
    async renew(claims: readonly Claim[]): Promise<void> {
      if (claims.length === 0) return;
      await sql`
        update ops.partition_runs as run set claim_expires_at = ${lease}
        from unnest(${claims.map((claim) => claim.date)}::text[],
          ${claims.map((claim) => claim.fencingToken)}::bigint[]) as held(date, token)
        where run.dataset = ${DATASET} and run.date = held.date and run.fencing_token = held.token
          and run.status = 'running'`.catch(throwDatabaseError);
    },

    /**
     * Ends a claim without publishing: failed, cancelled, or nothing to change. Only with `checked`
     * has the date been looked at: without, its owner does not count as having done it.
     */
    async release(
      claim: Claim,
      outcome: { status: PartitionStatus; error?: string; checked?: Checked },
    ): Promise<void> {
      await sql`
        update ops.partition_runs set status = ${outcome.status}, error = ${outcome.error ?? null},
          claimed_by = case when ${outcome.checked !== undefined} then claimed_by end,
          ${movingMarks(sql, 'raise', outcome.checked)},
          claim_expires_at = null, finished_at = clock_timestamp()
        where dataset = ${DATASET} and date = ${claim.date} and fencing_token = ${claim.fencingToken}
          and status = 'running'`.catch(throwDatabaseError);
    },
  };
}

/**
 * SQL that moves the marks of what was looked for; with the scope `state` only those of the state,
 * and none if `checked` is absent. `raise` never moves one back; `set` does, as a publication with
 * less knowledge has to.
 */
function movingMarks(
  sql: Sql | TransactionSql,
  how: 'raise' | 'set',
  checked: Checked | undefined,
) {
  const move = how === 'raise' ? sql`greatest` : sql`coalesce`;
  const { batch = null, at = null, scope } = checked ?? {};
  const [allBatch, allAt] = scope === 'state' ? [null, null] : [batch, at];
  return sql`
          checked_through_batch = ${move}(${allBatch}::integer, checked_through_batch),
          checked_known_at = ${move}(${allAt}::timestamptz, checked_known_at),
          state_checked_through_batch = ${move}(${batch}::integer, state_checked_through_batch),
          state_checked_known_at = ${move}(${at}::timestamptz, state_checked_known_at)`;
}

function createPublications({ sql }: Database) {
  return {
    /** Runs `work` while holding the date's row, if the claim is still the latest. */
    async whileHolding<T>(
      claim: Claim,
      work: (tx: TransactionSql) => Promise<T>,
    ): Promise<T | 'fenced-out'> {
      const result = await sql
        .begin(async (tx) => {
          const [row] = await tx<{ token: number; status: string }[]>`
            select fencing_token as token, status from ops.partition_runs
            where dataset = ${DATASET} and date = ${claim.date} for update`;
          const isHeld = row?.token === claim.fencingToken && row.status === 'running';
          return isHeld ? { value: await work(tx) } : undefined;
        })
        .catch(throwDatabaseError);
      return result ? result.value : 'fenced-out';
    },

    /**
     * Runs `work` while holding the date's row, if the ledger has this very revision as the current one.
     *
     * @returns whether it did.
     */
    async whilePublished(
      { date, revision }: PartitionManifest,
      work: () => Promise<void>,
    ): Promise<boolean> {
      return sql
        .begin(async (tx) => {
          const [row] = await tx<{ revision: number | null }[]>`
            select revision from ops.partition_runs
            where dataset = ${DATASET} and date = ${date} for update`;
          if (row?.revision !== revision) return false;
          await work();
          return true;
        })
        .catch(throwDatabaseError);
    },

    /** Records a publication; `tx` is that of `whileHolding`. */
    async recordPublication(
      tx: TransactionSql,
      manifest: PartitionManifest,
      checked: Checked,
    ): Promise<void> {
      await tx`
        update ops.partition_runs set status = 'succeeded', revision = ${manifest.revision},
          manifest = ${tx.json(manifest as never)},
          ${movingMarks(tx, 'set', checked)},
          claim_expires_at = null, finished_at = clock_timestamp(), error = null
        where dataset = ${DATASET} and date = ${manifest.date}`;
    },
  };
}

function createNotes({ sql }: Database) {
  return {
    /**
     * Notes that late data up to a batch did not touch these dates, as the rows were: what has been
     * claimed since may have been published with less knowledge.
     */
    async noteChecked(
      rows: readonly Pick<LedgerRow, 'date' | 'fencingToken'>[],
      checked: Checked,
    ): Promise<void> {
      if (rows.length === 0) return;
      await sql`
        update ops.partition_runs as run set ${movingMarks(sql, 'raise', checked)}
        from unnest(${rows.map((row) => row.date)}::text[],
          ${rows.map((row) => row.fencingToken)}::bigint[]) as seen(date, token)
        where run.dataset = ${DATASET} and run.date = seen.date
          and run.fencing_token = seen.token`.catch(throwDatabaseError);
    },

    /** Notes the (K, S) of the first daily run of a date: what `as-served` means for it. */
    async noteServed(date: LogicalDate, { at, batch }: Knowledge): Promise<void> {
      await sql`
        update ops.partition_runs set served_known_at = ${at}, served_batch = ${batch}
        where dataset = ${DATASET} and date = ${date} and served_known_at is null`.catch(
        throwDatabaseError,
      );
    },

    /**
     * Puts a row back from its manifest, where the ledger lost or never had it.
     *
     * @returns false while a live claim holds the date, whose publication will tell, and where that
     * revision or a later one is recorded.
     */
    async restore(manifest: PartitionManifest): Promise<boolean> {
      const { count } = await sql`
        insert into ops.partition_runs as run
          (dataset, date, status, attempt, fencing_token, manifest, revision, checked_through_batch, started_at)
        values (${DATASET}, ${manifest.date}, 'succeeded', 1, 1, ${sql.json(manifest as never)},
          ${manifest.revision}, ${manifest.batch}, clock_timestamp())
        on conflict (dataset, date) do update set manifest = excluded.manifest,
          revision = excluded.revision, status = 'succeeded', claimed_by = null
        where (run.status <> 'running' or run.claim_expires_at < clock_timestamp())
          and coalesce(run.revision, 0) < excluded.revision`.catch(throwDatabaseError);
      return count > 0;
    },
  };
}
