import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { copyToParquet, type DuckDb } from '../../duckdb';
import { describeFile, moveIntoPlace } from '../../durable-files';
import { MICROS_PER_DAY } from '../../instants';
import { rawTables, type RawTable } from '../raw-tables';
import { segmentColumns, segmentOrder } from './dump-table';
import { mergedFolder, type MergedFile, type Run } from './log-manifest';

/** How rows are cut into files by their times; changes no answer. */
export interface CutSize {
  /** Files end where a period does, counted from 1970-01-01T00:00:00Z. */
  readonly periodDays: number;
  /** Periods with fewer rows together share a file. */
  readonly rows: number;
}

const CUT_SIZE: CutSize = { periodDays: 30, rows: 65_536 };

export interface RunSource {
  readonly table: RawTable;
  /** SQL of a relation with the columns of `segmentColumns`, all rows of the batches. */
  readonly rows: string;
  readonly firstBatch: number;
  readonly lastBatch: number;
  readonly cutSize?: CutSize;
}

/** Where files are put before they have their names; the folder is made, and gone afterwards. */
interface RunFolders {
  readonly rawLogDir: string;
  readonly temporary: string;
}

/**
 * Writes the rows of batches as files of the merged folder, cut by time and named by their content.
 * Nobody reads them before a manifest lists them. Users are one file: there is a row of each.
 */
export async function writeRun(
  duckDb: DuckDb,
  source: RunSource,
  folders: RunFolders,
): Promise<Run> {
  const { firstBatch, lastBatch } = source;
  const files: MergedFile[] = [];
  await mkdir(folders.temporary);
  try {
    for (const cut of await cutsOf(duckDb, source)) {
      files.push(await writeCut(duckDb, { ...source, cut }, folders));
    }
  } finally {
    await duckDb.run('DROP TABLE IF EXISTS cut_rows').catch(() => {});
    await rm(folders.temporary, { recursive: true, force: true });
  }
  return { firstBatch, lastBatch, files };
}

/** Times from (inclusive) until (exclusive), in epoch microseconds; an end that is absent is open. */
interface Cut {
  readonly from?: bigint;
  readonly until?: bigint;
}

async function cutsOf(
  duckDb: DuckDb,
  { table, rows, cutSize = CUT_SIZE }: RunSource,
): Promise<Cut[]> {
  if (table === 'users') return [{}];
  const { timeColumn } = rawTables[table];
  const periodMicros = BigInt(cutSize.periodDays) * MICROS_PER_DAY;
  const periods = await duckDb.rows<{ start: bigint; rows: bigint }>(`
    SELECT epoch_us(${timeColumn}) // ${periodMicros} * ${periodMicros} AS start, count(*) AS rows
    FROM ${rows} GROUP BY start ORDER BY start`);
  const counted = periods.map(({ start, rows: count }) => ({ start, rows: Number(count) }));
  return cutPeriods(counted, cutSize.rows);
}

/**
 * Cuts before the start of a period, in epoch microseconds, so that each cut has at least so many
 * rows, but for the last; together they are all of time.
 */
export function cutPeriods(
  periods: readonly { readonly start: bigint; readonly rows: number }[],
  rowsPerCut: number,
): Cut[] {
  const bounds: bigint[] = [];
  let rows = 0;
  for (const { start, rows: more } of periods) {
    if (rows >= rowsPerCut) {
      bounds.push(start);
      rows = 0;
    }
    rows += more;
  }
  return [undefined, ...bounds].map((from, index) => ({ from, until: bounds[index] }));
}

async function writeCut(
  duckDb: DuckDb,
  { table, rows, cut, firstBatch, lastBatch }: RunSource & { readonly cut: Cut },
  { rawLogDir, temporary }: RunFolders,
): Promise<MergedFile> {
  await duckDb.run(cutTable(table, rows, cut));
  const file = path.join(temporary, `${table}.parquet`);
  const columns = segmentColumns(table).map(({ name }) => name);
  const statistics = await statisticsOf(duckDb, table);
  const query = `SELECT ${columns.join(', ')} FROM cut_rows`;
  await duckDb.run(copyToParquet(query, file, 'log', statistics.rows));
  const { bytes, sha256 } = await describeFile(file);
  const batches = [firstBatch, lastBatch].map((batch) => String(batch).padStart(6, '0'));
  const name = `${[table, ...batches, hashInName(sha256)].join('-')}.parquet`;
  await moveIntoPlace(file, path.join(mergedFolder(rawLogDir), name));
  return { name, bytes, ...statistics };
}

function hashInName(sha256: string): string {
  return sha256.slice(0, 16);
}

/** Whether a merged file has the bytes by which it is named; not where it is gone. */
export async function hasOwnBytes(file: string): Promise<boolean> {
  const found = await describeFile(file).catch(() => undefined);
  return found !== undefined && file.endsWith(`-${hashInName(found.sha256)}.parquet`);
}

/** SQL for `cut_rows`, in the order of the file; `is_latest` says of which part of it a row is. */
function cutTable(table: RawTable, rows: string, { from, until }: Cut): string {
  const { timeColumn, columns } = rawTables[table];
  const kinds = columns.filter(({ name }) => name === 'event_type' || name === 'name');
  const keys = ['user_id', ...kinds.map(({ name }) => name)].join(', ');
  const conditions = [
    ...(from === undefined ? [] : [`${timeColumn} >= make_timestamptz(${from})`]),
    ...(until === undefined ? [] : [`${timeColumn} < make_timestamptz(${until})`]),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const names = segmentColumns(table).map(({ name }) => `r.${name}`);
  return `CREATE OR REPLACE TEMP TABLE cut_rows AS
    SELECT ${names.join(', ')}, latest IS NOT NULL AS is_latest
    FROM (SELECT * FROM ${rows}${where}) AS r LEFT JOIN (
      SELECT ${keys}, max(${timeColumn}) AS ${timeColumn}, true AS latest
      FROM ${rows}${where} GROUP BY ${keys}
    ) USING (${keys}, ${timeColumn})
    ORDER BY is_latest DESC, ${segmentOrder(table)}`;
}

async function statisticsOf(duckDb: DuckDb, table: RawTable) {
  const { timeColumn } = rawTables[table];
  const [found] = await duckDb.rows<{
    rows: bigint;
    latest: bigint;
    first: bigint | null;
    last: bigint | null;
    arrival: bigint | null;
  }>(`SELECT count(*) AS rows, count(*) FILTER (is_latest) AS latest,
      epoch_us(min(${timeColumn})) AS first, epoch_us(max(${timeColumn})) AS last,
      epoch_us(max(ingested_at)) AS arrival FROM cut_rows`);
  return {
    rows: Number(found!.rows),
    latestRows: Number(found!.latest),
    firstTime: found!.first,
    lastTime: found!.last,
    lastArrival: found!.arrival,
  };
}
