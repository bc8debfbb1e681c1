import type { ChurnError } from '../../contracts';
import { telling, withLoadLock, type LoadWait, type ToldLoad } from '../load-lock';
import type { LoadProgress } from '../load-progress';
import { asDatabaseError, type Database, type TransactionSql } from '../../database';
import type { DuckDb } from '../../duckdb';
import { formatInstant, parseInstant, type EpochMicros } from '../../instants';
import { hasRepeatedIds, type PreparedTable } from './prepare-load';
import { perTable, rawTableNames, type PerTable, type RawTable } from '../raw-tables';
import type { RejectionReason } from '../rejected/rejection-reasons';
import type { LoadWarning } from '../load-warning';
import { judgeRejectedRows } from '../rejected/judge-rejected-rows';
import type { RejectedLimits } from '../rejected/judge-rejected-shares';
import {
  gatherRejectedRows,
  recordRejectedRows,
  rejectedExamples,
  type RejectedExample,
} from '../rejected/record-rejected-rows';
import { noteCorrectedRows } from '../rejected/note-corrected-rows';
import { retryRejectedRows, tablesToRetry } from '../rejected/retry-rejected-rows';
import {
  attributesToStage,
  refuseWithTheirRows,
  stageNewOfUsers,
  takeOutOfUsers,
} from './settle-attributes';
import { planSplit } from './split-rows';
import { copyRows } from './copy-rows';
import { freeEmptyTables } from './free-empty-tables';
import { refreshStatistics } from './refresh-statistics';
import {
  hasRepeatedStagedIds,
  createStaging,
  rejectFaultyRows,
  stagingName,
  storeAcceptedRows,
} from './staging';

export type RejectedCounts = Partial<Record<RejectionReason, number>>;

export interface LoadCounts {
  /** Null when the load changed nothing: no row loaded, none rejected, no later completeness. */
  readonly batch: number | null;
  readonly loaded: PerTable<number>;
  readonly unchanged: PerTable<number>;
  /** Per table, how many rows for which reason; reasons that did not occur are left out. */
  readonly rejected: PerTable<RejectedCounts>;
  /** Rows that earlier loads had rejected and this one accepted; `loaded` does not count them. */
  readonly retried: PerTable<number>;
  readonly warnings: readonly LoadWarning[];
}

export interface BatchOptions {
  readonly source: 'import' | 'synthetic';
  readonly arrival: 'carried' | 'assumed' | 'now';
  readonly tables: readonly PreparedTable[];
  /** The one that prepared the tables. */
  readonly duckDb: DuckDb;
  /** The folder that they were prepared in. */
  readonly scratch: string;
  /**
   * How far the source is complete, with rows or without; absent: the greatest event_time of
   * accepted user events. A load without any then says nothing about it.
   */
  readonly completeThrough?: EpochMicros;
  /** Events after this moment don't say how far the source is complete; null: all of them do. */
  readonly completeBy?: EpochMicros | null;
  /** What the load is warned of besides its rejected rows. */
  readonly warnings?: readonly LoadWarning[];
  /** How many rows may be rejected; null: as many as there are. */
  readonly limits: RejectedLimits | null;
  /** Runs first inside the transaction; false ends the load before it changes anything. */
  mayLoad(tx: TransactionSql): Promise<boolean>;
  /** Runs last inside the transaction, with the batch that was made, if any. */
  record(tx: TransactionSql, batch: number | null): Promise<void>;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
  readonly waiting?: LoadWait;
  /** How many rows are copied at a time. Default: 491,520. */
  readonly rowsPerCopy?: number;
}

/**
 * Loads prepared tables as one batch: one transaction under the load lock, so that batches are
 * numbered in commit order and a load that is killed or aborted leaves nothing.
 *
 * A row whose id is known with the same content counts as unchanged, with other content it is
 * rejected. *Content* is everything but arrival and batch: arrival says when we learnt a fact, so
 * a fact that is sent again keeps its first arrival; else re-sending would change what was known
 * at an earlier K. Within one load the row that arrived first wins, assumed arrival included (ties:
 * the one further up in its file), so that one load of a year and many of its days end in the same
 * rows. A completeness later than the known one makes a batch even without rows. Rows that earlier
 * loads had rejected are tried again; see `retryRejectedRows`.
 *
 * @returns null when `mayLoad` said no.
 * @throws ChurnError TOO_MANY_REJECTED past the limits, NOTHING_ACCEPTED when every row was rejected;
 *   nothing has been changed then.
 */
export async function loadBatch(
  database: Database,
  options: BatchOptions,
): Promise<LoadCounts | null> {
  try {
    await freeEmptyTables(database, { waiting: options.waiting });
    return await withLoadLock(database, options, async (tx, lease) => {
      const load = await runLoad(tx, telling(lease, options));
      if (load?.refusal) throw load.refusal;
      return load && load.counts;
    });
  } catch (error) {
    throw asDatabaseError(error);
  }
}

/** What a load would do. */
export interface BatchPreview {
  readonly counts: LoadCounts;
  /** Why it would fail; null when it would not. */
  readonly refusal: ChurnError | null;
  /** How far the source would be complete; null when the load would say nothing about it. */
  readonly completeThrough: EpochMicros | null;
  readonly examples: readonly RejectedExample[];
}

/** Ends the transaction of a preview. */
class RolledBack extends Error {
  constructor(readonly preview: BatchPreview) {
    super('The load was only tried.');
  }
}

/** Does all that `loadBatch` does, and takes it back. */
export async function previewBatch(
  database: Database,
  options: BatchOptions,
): Promise<BatchPreview | null> {
  try {
    await freeEmptyTables(database, { waiting: options.waiting });
    return await withLoadLock(database, options, async (tx, lease) => {
      const load = await runLoad(tx, telling(lease, options));
      if (load === null) return null;
      throw new RolledBack({ ...load, examples: await rejectedExamples(tx) });
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.preview;
    throw asDatabaseError(error);
  }
}

type ToldOptions = BatchOptions & ToldLoad;

type TriedLoad = Omit<BatchPreview, 'examples'>;

async function runLoad(tx: TransactionSql, options: ToldOptions): Promise<TriedLoad | null> {
  if (!(await options.mayLoad(tx))) return null;
  // Joins in memory; compiling plans would cost more than it saves here.
  await tx`SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)`;
  const load = await loadTables(tx, options);
  if (load.refusal === null) await options.record(tx, load.counts.batch);
  return load;
}

async function loadTables(tx: TransactionSql, options: ToldOptions): Promise<TriedLoad> {
  const [start] = await tx<{ batch: number; arrival: string; known: string | null }[]>`
    SELECT coalesce(max(batch), 0) + 1 AS batch, clock_timestamp()::text AS arrival,
      max(complete_through)::text AS known
    FROM ops.load_batches`;
  const { batch, arrival } = start!;
  options.onBatch(batch);
  const waiting = await tablesToRetry(tx);
  const counts = emptyCounts();
  let latestEvent: EpochMicros | null = null;
  for (const table of rawTableNames) {
    const prepared = options.tables.find((candidate) => candidate.table === table);
    const result = await loadOrRetry(tx, table, {
      options,
      prepared,
      batch,
      arrival,
      isWaiting: waiting.has(table),
    });
    if (table === 'user_events') latestEvent = result.latest;
    counts.loaded[table] = result.loaded;
    counts.unchanged[table] = result.unchanged;
    counts.rejected[table] = result.rejected;
    counts.retried[table] = result.retried;
    if (prepared) {
      const rows = result.loaded;
      options.onProgress?.({ table, phase: 'loaded', rows, total: rows });
    }
  }
  const complete = options.completeThrough ?? latestEvent;
  const changed =
    rawTableNames.some((table) => rowsOf(counts, table) > 0) || isLater(complete, start!.known);
  const staged = options.tables.map((prepared) => ({
    ...prepared,
    staged: stagingName(prepared.table),
    found: stagingName(prepared.table, 'rejected'),
  }));
  const rejected = perTable((table) => total(counts.rejected[table]));
  reportRecording(rejected, options);
  await gatherRejectedRows(tx, staged, options.scratch);
  const judged = await judgeRejectedRows(tx, { ...counts, rejected }, options.limits);
  const warnings = [...judged.warnings, ...(options.warnings ?? [])];
  const { refusal } = judged;
  if (changed && !refusal) {
    const loaded = perTable((table) => counts.loaded[table] + counts.retried[table]);
    await insertBatch(tx, batch, { options, ...counts, loaded, rejected, complete, warnings });
  }
  const report = { batch: changed ? batch : null, ...counts, warnings };
  return { counts: report, refusal, completeThrough: complete };
}

function reportRecording(rejected: PerTable<number>, { onProgress }: BatchOptions): void {
  for (const table of rawTableNames) {
    const rows = rejected[table];
    if (rows > 0) onProgress?.({ table, phase: 'recording', rows });
  }
}

function emptyCounts() {
  return {
    loaded: perTable(() => 0),
    unchanged: perTable(() => 0),
    rejected: perTable((): RejectedCounts => ({})),
    retried: perTable(() => 0),
  };
}

type Counts = ReturnType<typeof emptyCounts>;

/** The rows that the load has something to say about: unchanged ones are as if they had not come. */
function rowsOf({ loaded, rejected, retried }: Counts, table: RawTable): number {
  return loaded[table] + total(rejected[table]) + retried[table];
}

/** Whether a load says more about completeness than the batches before it. */
function isLater(complete: EpochMicros | null, known: string | null): boolean {
  return complete !== null && (known === null || complete > parseInstant(known));
}

interface LoadedTable {
  readonly loaded: number;
  readonly unchanged: number;
  readonly rejected: RejectedCounts;
  readonly retried: number;
  /** Of user events, the greatest time of those accepted or known; null when there are none. */
  readonly latest: EpochMicros | null;
}

interface TableLoad {
  readonly batch: number;
  readonly arrival: string;
}

async function loadOrRetry(
  tx: TransactionSql,
  table: RawTable,
  load: TableLoad & {
    options: BatchOptions;
    prepared: PreparedTable | undefined;
    isWaiting: boolean;
  },
): Promise<LoadedTable> {
  const retried =
    table === 'users' || !load.isWaiting
      ? { accepted: 0, latest: null }
      : await retryRejectedRows(tx, table, load);
  const { prepared } = load;
  const loaded = prepared
    ? await loadTable(tx, load.options, { ...load, prepared })
    : { loaded: 0, unchanged: 0, rejected: {}, latest: null };
  const latest = latestOf(loaded.latest, retried.latest);
  return { ...loaded, latest, retried: retried.accepted };
}

async function loadTable(
  tx: TransactionSql,
  options: BatchOptions,
  load: TableLoad & { prepared: PreparedTable },
): Promise<Omit<LoadedTable, 'retried'>> {
  const { duckDb, scratch, completeBy = null } = options;
  const { table } = load.prepared;
  const isOfAttributes = table === 'user_attributes';
  const alsoInDoubt = isOfAttributes ? await attributesToStage(tx, load.prepared) : undefined;
  const split = await planSplit(tx, duckDb, { ...load, scratch, alsoInDoubt });
  await createStaging(tx, table);
  const certain = await copyRows(tx, { ...options, prepared: load.prepared, split });
  await refreshStatistics(tx, table, { copied: certain });
  if (isOfAttributes) await refuseWithTheirRows(tx, load.prepared, load);
  const malformed = await countByReason(tx, stagingName(table));
  const wellFormed = malformed.get(null) ?? 0;
  const total = 2 * wellFormed;
  const onRows = (rows: number) => {
    if (total > 0) options.onProgress?.({ table, phase: 'comparing', rows, total });
  };
  const accepted = isOfAttributes
    ? await storeAttributes(tx, { ...load, onRows })
    : await storeAcceptedRows(tx, table, {
        ...load,
        isRepeated: await hasRepeatedIds(duckDb, table),
        onRows,
      });
  if (accepted < wellFormed) {
    await rejectFaultyRows(tx, table, (rows) => onRows(wellFormed + rows));
  }
  const faulty = await countByReason(tx, stagingName(table, 'rejected'));
  const rejected: RejectedCounts = {};
  for (const [reason, rows] of [...malformed, ...faulty]) if (reason) rejected[reason] = rows;
  const isEvents = table === 'user_events';
  return {
    loaded: certain + accepted,
    unchanged: wellFormed - accepted - [...faulty.values()].reduce((sum, rows) => sum + rows, 0),
    rejected,
    latest: isEvents
      ? latestOf(await split.latestCertain(completeBy), await latestStagedEvent(tx, completeBy))
      : null,
  };
}

/** Those of users' columns after the others, as they say something only where it is not known. */
async function storeAttributes(
  tx: TransactionSql,
  load: TableLoad & { prepared: PreparedTable; onRows: (rows: number) => void },
): Promise<number> {
  const hasOfUsers = await takeOutOfUsers(tx, load.prepared);
  // Ids of users' attributes are made in Postgres: DuckDB can't know which are there twice.
  const store = async () => {
    const isRepeated = await hasRepeatedStagedIds(tx, 'user_attributes');
    return storeAcceptedRows(tx, 'user_attributes', { ...load, isRepeated });
  };
  const accepted = await store();
  if (!hasOfUsers) return accepted;
  await stageNewOfUsers(tx, load.prepared, load);
  return accepted + (await store());
}

/** Rows per reason; null is the reason of rows without a fault. */
async function countByReason(
  tx: TransactionSql,
  stagingTable: string,
): Promise<Map<RejectionReason | null, number>> {
  const counts = await tx<{ reason: RejectionReason | null; rows: number }[]>`
    SELECT reason, count(*) AS rows FROM ${tx(stagingTable)} GROUP BY reason
    ORDER BY reason COLLATE "C"`;
  return new Map(counts.map(({ reason, rows }) => [reason, rows]));
}

function total(counts: RejectedCounts): number {
  return Object.values(counts).reduce((sum, rows) => sum + rows, 0);
}

async function insertBatch(
  tx: TransactionSql,
  batch: number,
  load: {
    options: BatchOptions;
    loaded: PerTable<number>;
    unchanged: PerTable<number>;
    rejected: PerTable<number>;
    complete: EpochMicros | null;
    warnings: readonly LoadWarning[];
  },
): Promise<void> {
  const { complete } = load;
  const { source, arrival } = load.options;
  await tx`
    INSERT INTO ops.load_batches
      (batch, source, arrival, committed_at, complete_through, loaded, unchanged, rejected,
        warnings)
    VALUES (${batch}, ${source}, ${arrival}, clock_timestamp(),
      ${complete === null ? null : formatInstant(complete)}::text::timestamptz,
      ${JSON.stringify(load.loaded)}::text::jsonb, ${JSON.stringify(load.unchanged)}::text::jsonb,
      ${JSON.stringify(load.rejected)}::text::jsonb,
      ${JSON.stringify(load.warnings)}::text::jsonb)`;
  await recordRejectedRows(tx, batch);
  for (const table of rawTableNames) {
    if (load.loaded[table] > 0) await noteCorrectedRows(tx, table, batch);
  }
}

/** Of the staged user events that are in the table now, whether this load brought them or not. */
async function latestStagedEvent(
  tx: TransactionSql,
  completeBy: EpochMicros | null,
): Promise<EpochMicros | null> {
  const end = completeBy === null ? 'infinity' : formatInstant(completeBy);
  const [row] = await tx<{ latest: string | null }[]>`
    SELECT max(event_time)::text AS latest FROM ${tx(stagingName('user_events'))} AS staged
    WHERE reason IS NULL AND event_time <= ${end}::text::timestamptz AND NOT EXISTS (
      SELECT FROM ${tx(stagingName('user_events', 'rejected'))} AS rejected
      WHERE rejected."row" = staged."row")`;
  const latest = row?.latest ?? null;
  return latest === null ? null : parseInstant(latest);
}

function latestOf(left: EpochMicros | null, right: EpochMicros | null): EpochMicros | null {
  if (left === null || right === null) return left ?? right;
  return left > right ? left : right;
}
