import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { asDatabaseError, withLoadLock, type Database, type TransactionSql } from '../database';
import { formatInstant, parseInstant, type EpochMicros } from '../instants';
import type { PreparedTable } from './prepare-load';
import { perTable, rawTableNames, type PerTable, type RawTable } from './raw-tables';
import type { RejectionReason } from './rejection-reasons';
import { rejectFaultyRows, stagingColumns, stagingName, storeAcceptedRows } from './staging';

export type RejectedCounts = Partial<Record<RejectionReason, number>>;

export interface LoadCounts {
  /** Null when the load changed nothing: no row was loaded and none rejected. */
  readonly batch: number | null;
  readonly loaded: PerTable<number>;
  readonly unchanged: PerTable<number>;
  /** Per table, how many rows for which reason; reasons that did not occur are left out. */
  readonly rejected: PerTable<RejectedCounts>;
}

/** How far a load has come; for progress lines and heartbeats. */
export interface LoadProgress {
  readonly table: RawTable;
  readonly phase: 'reading' | 'loaded';
  readonly rows: number;
}

export interface BatchOptions {
  readonly source: 'import' | 'synthetic';
  readonly arrival: 'carried' | 'assumed' | 'now';
  readonly tables: readonly PreparedTable[];
  /** How far the source is complete; absent: the greatest event_time of accepted user events. */
  readonly completeThrough?: EpochMicros;
  /** Runs first inside the transaction; false ends the load before it changes anything. */
  mayLoad(tx: TransactionSql): Promise<boolean>;
  /** Runs last inside the transaction, with the batch that was made, if any. */
  record(tx: TransactionSql, batch: number | null): Promise<void>;
  onProgress?(progress: LoadProgress): void;
}

/**
 * Loads prepared tables as one batch: one transaction under the load lock, so that batches are
 * numbered in commit order and a load that is killed leaves nothing.
 *
 * A row whose id is known with the same content counts as unchanged, with other content it is
 * rejected. *Content* is everything but arrival and batch: arrival says when we learnt a fact, so
 * a fact that is sent again keeps its first arrival; else re-sending would change what was known
 * at an earlier K. Within one load the row that arrived first wins (ties: the one further up in
 * its file), so that one load of a year and many of its days end in the same rows.
 *
 * @returns null when `mayLoad` said no.
 */
export async function loadBatch(
  database: Database,
  options: BatchOptions,
): Promise<LoadCounts | null> {
  try {
    return await withLoadLock(database, async (tx) => {
      if (!(await options.mayLoad(tx))) return null;
      // Joins in memory; compiling plans would cost more than it saves here.
      await tx`SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)`;
      const counts = await loadTables(tx, options);
      await options.record(tx, counts.batch);
      return counts;
    });
  } catch (error) {
    throw asDatabaseError(error);
  }
}

async function loadTables(tx: TransactionSql, options: BatchOptions): Promise<LoadCounts> {
  const [start] = await tx<{ batch: number; arrival: string }[]>`
    SELECT coalesce(max(batch), 0) + 1 AS batch, clock_timestamp()::text AS arrival
    FROM ops.load_batches`;
  const { batch, arrival } = start!;
  const counts = {
    loaded: perTable(() => 0),
    unchanged: perTable(() => 0),
    rejected: perTable((): RejectedCounts => ({})),
  };
  for (const prepared of options.tables) {
    const { table } = prepared;
    const result = await loadTable(tx, prepared, { batch, arrival });
    counts.loaded[table] = result.loaded;
    counts.unchanged[table] = result.unchanged;
    counts.rejected[table] = result.rejected;
    options.onProgress?.({ table, phase: 'loaded', rows: result.loaded });
  }
  const rejected = perTable((table) => total(counts.rejected[table]));
  const changed = rawTableNames.some((table) => counts.loaded[table] + rejected[table] > 0);
  if (changed) await insertBatch(tx, batch, { options, ...counts, rejected });
  return { batch: changed ? batch : null, ...counts };
}

async function loadTable(
  tx: TransactionSql,
  prepared: PreparedTable,
  load: { batch: number; arrival: string },
): Promise<{ loaded: number; unchanged: number; rejected: RejectedCounts }> {
  const { table } = prepared;
  await stage(tx, prepared);
  const malformed = await countByReason(tx, stagingName(table));
  const wellFormed = malformed.get(null) ?? 0;
  const loaded = await storeAcceptedRows(tx, prepared, load);
  if (loaded < wellFormed) await rejectFaultyRows(tx, table);
  const faulty = await countByReason(tx, stagingName(table, 'rejected'));
  const rejected: RejectedCounts = {};
  for (const [reason, rows] of [...malformed, ...faulty]) if (reason) rejected[reason] = rows;
  const unchanged = wellFormed - loaded - [...faulty.values()].reduce((sum, rows) => sum + rows, 0);
  return { loaded, unchanged, rejected };
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

/** Copies the cleaned rows into a temporary table of this transaction. */
async function stage(tx: TransactionSql, { table, file }: PreparedTable): Promise<void> {
  await tx.unsafe(
    `CREATE TEMPORARY TABLE ${stagingName(table)} (${stagingColumns(table).join(', ')}) ON COMMIT DROP;
     CREATE TEMPORARY TABLE ${stagingName(table, 'rejected')} ("row" bigint, reason text) ON COMMIT DROP`,
  );
  const copy = await tx.unsafe(`COPY ${stagingName(table)} FROM STDIN (FORMAT csv)`).writable();
  await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), copy);
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
  },
): Promise<void> {
  const { source, arrival, tables } = load.options;
  await tx`
    INSERT INTO ops.load_batches
      (batch, source, arrival, committed_at, complete_through, loaded, unchanged, rejected)
    VALUES (${batch}, ${source}, ${arrival}, clock_timestamp(),
      ${await completeThrough(tx, load.options)}::text::timestamptz,
      ${JSON.stringify(load.loaded)}::text::jsonb, ${JSON.stringify(load.unchanged)}::text::jsonb,
      ${JSON.stringify(load.rejected)}::text::jsonb)`;
  for (const { table, label } of tables) {
    await tx`
      INSERT INTO raw_data.rejected_rows (batch, source, "row", reason)
      SELECT ${batch}::integer, ${label}::text, "row", reason FROM ${tx(stagingName(table))}
      WHERE reason IS NOT NULL
      UNION ALL
      SELECT ${batch}::integer, ${label}::text, "row", reason
      FROM ${tx(stagingName(table, 'rejected'))}`;
  }
}

/** Null when the load has no accepted user events: it then says nothing about completeness. */
async function completeThrough(
  tx: TransactionSql,
  { tables, completeThrough }: BatchOptions,
): Promise<string | null> {
  if (!tables.some(({ table }) => table === 'user_events')) return null;
  const [row] = await tx<{ latest: string | null }[]>`
    SELECT max(event_time)::text AS latest FROM ${tx(stagingName('user_events'))} AS staged
    WHERE reason IS NULL AND NOT EXISTS (
      SELECT FROM ${tx(stagingName('user_events', 'rejected'))} AS rejected
      WHERE rejected."row" = staged."row")`;
  const latest = row?.latest ?? null;
  if (latest === null) return null;
  return formatInstant(completeThrough ?? parseInstant(latest));
}
