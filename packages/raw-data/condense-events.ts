import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { copyToParquet, quoteLiteral, readParquet, type DuckDb } from '../duckdb';
import { moveIntoPlace, syncToDisk, systemCode } from '../durable-files';
import { MICROS_PER_DAY } from '../instants';
import { removeAtOnce, temporaryPath } from './temporary-path';

/**
 * Where the segments of user_events have condensed copies: a row for several events, as long as none
 * but the first is of these types.
 */
export interface CondensedLog {
  readonly eventTypes: readonly string[];
  fileOf(segment: string): string;
}

const FOLDER = '_condensed';

/** What a condensed file says is part of its folder's name. */
const VERSION = 1;

/** How many batches a folder of other types may lag behind before it is removed. */
const BATCHES_BEHIND_MAX = 7;

/** The condensed copies of a raw log by these types, whether they are there yet or not. */
export function condensedLog(rawLogDir: string, eventTypes: readonly string[]): CondensedLog {
  const folder = condensedFolder(rawLogDir, eventTypes);
  return { eventTypes, fileOf: (segment) => path.join(folder, fileName(path.dirname(segment))) };
}

function fileName(batchFolder: string): string {
  return `${path.basename(batchFolder)}.parquet`;
}

/** Removes all condensed copies of a batch, before its segments are mirrored. */
export async function removeCondensed(rawLogDir: string, batchFolder: string): Promise<void> {
  for (const folder of await listFolders(rawLogDir)) {
    await rm(path.join(folder, fileName(batchFolder)), { force: true });
    await syncToDisk(folder);
  }
}

/** The folders of copies, by any types. */
async function listFolders(rawLogDir: string): Promise<string[]> {
  const all = path.join(rawLogDir, FOLDER);
  const entries = await readdir(all, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? path.join(all, entry.name) : []));
}

function condensedFolder(rawLogDir: string, eventTypes: readonly string[]): string {
  const name = createHash('sha256')
    .update(JSON.stringify([VERSION, ...eventTypes]))
    .digest('hex');
  return path.join(rawLogDir, FOLDER, name.slice(0, 16));
}

/** The segments that have no condensed copy yet. */
export async function listUncondensed(
  log: CondensedLog,
  segments: readonly string[],
): Promise<string[]> {
  const folders = new Set(segments.map((segment) => path.dirname(log.fileOf(segment))));
  const names = await Promise.all([...folders].map((folder) => readdir(folder).catch(() => [])));
  const there = new Set(names.flat());
  return segments.filter((segment) => !there.has(path.basename(log.fileOf(segment))));
}

/**
 * Condenses segments of user_events, in a DuckDB of one thread, which reads in order. A copy appears
 * by one rename, with the same bytes whenever it is made again.
 */
export async function condenseSegments(
  duckDb: DuckDb,
  { rawLogDir, log }: { readonly rawLogDir: string; readonly log: CondensedLog },
  segments: readonly string[],
): Promise<void> {
  for (const segment of segments) {
    const file = log.fileOf(segment);
    const folder = path.dirname(file);
    await mkdir(folder, { recursive: true });
    const temporary = temporaryPath(rawLogDir);
    await duckDb.run(copyToParquet(selectCondensed(segment, log.eventTypes), temporary, 'log'));
    await moveIntoPlace(temporary, file);
    await syncToDisk(folder);
  }
}

/** How many rows of a condensed copy are not those that the segment gives, or are not there. */
export async function countCondensedMismatches(
  duckDb: DuckDb,
  log: CondensedLog,
  segment: string,
): Promise<number> {
  const given = `(${selectCondensed(segment, log.eventTypes)})`;
  const found = `(FROM ${readParquet([log.fileOf(segment)])})`;
  const countOf = (some: string, others: string) =>
    duckDb.rows<{ n: bigint }>(`SELECT count(*) AS n FROM (${some} EXCEPT ALL ${others})`);
  const [missing] = await countOf(given, found);
  const [extra] = await countOf(found, given);
  return Number(missing!.n) + Number(extra!.n);
}

/**
 * SQL for a segment's events in its order, by user and time, those that only go on with the session
 * of the event before, within a day, left out: of a session mostly all but the first. Only the rows
 * that stay are sorted: DuckDB compares each row with the one before it as they stream by, so the last
 * event before the next row that stays is known there. That they stream by in the order of the file
 * is checked.
 */
function selectCondensed(segment: string, eventTypes: readonly string[]): string {
  const file = quoteLiteral(segment);
  // Not a common table expression: DuckDB would keep all its rows, and read them in any order.
  const events = `read_parquet(${file}, hive_partitioning = false, file_row_number = true)`;
  const isOfTypes = eventTypes.map((type) => `event_type = ${quoteLiteral(type)}`);
  const changes = ['user_id', 'session_id'].map(
    (column) => `${column} IS DISTINCT FROM lag(${column}) OVER ()`,
  );
  // Closer than any window is long, so that the events of a row are in force without a gap.
  const isLater = `epoch_us(event_time) - lag(epoch_us(event_time)) OVER () > ${MICROS_PER_DAY}`;
  const isOutOfOrder = `file_row_number <> coalesce(lag(file_row_number) OVER () + 1, 0)`;
  const inOrder = `CASE WHEN ${isOutOfOrder} THEN error('rows came out of order') ELSE false END`;
  const lastEvent = `SELECT event_time FROM ${events}
    WHERE file_row_number = (SELECT num_rows - 1 FROM parquet_file_metadata(${file}))`;
  return `SELECT user_id, session_id, event_type, event_time,
    coalesce(lead(time_before) OVER (ORDER BY file_row_number), (${lastEvent})) AS last_event_time,
    ingested_at, batch
  FROM (
    SELECT *, lag(event_time) OVER () AS time_before FROM ${events}
    QUALIFY ${[inOrder, ...isOfTypes, ...changes, isLater].join(' OR ')}
  ) ORDER BY file_row_number`;
}

/** Removes what was condensed by other types, once nobody has kept it up for a while. */
export async function removeOutdated(
  rawLogDir: string,
  { eventTypes, batches }: { eventTypes: readonly string[]; batches: readonly number[] },
): Promise<void> {
  const kept = condensedFolder(rawLogDir, eventTypes);
  const recent = batches.slice(-BATCHES_BEHIND_MAX);
  for (const folder of await listFolders(rawLogDir)) {
    const files = await readdir(folder);
    const isKeptUp = files.some((file) => recent.includes(Number(/^batch=(\d+)/.exec(file)?.[1])));
    if (folder === kept || isKeptUp) continue;
    await removeAtOnce(rawLogDir, folder);
  }
}
