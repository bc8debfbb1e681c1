import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TransactionSql } from '../../database';
import { copyToParquet, type DuckDb } from '../../duckdb';
import {
  publishFolder,
  readTextIfThere,
  removeAtOnce,
  systemCode,
  temporaryIn,
  writeDurably,
} from '../../durable-files';
import { perTable, type PerTable, type RawTable } from '../raw-tables';
import { dumpFile, dumpTable, segmentOrder, selectDump } from './dump-table';
import { mirroredTables, type Load, type PresentLoad } from './log-manifest';
import { warnOfRepair } from './warn-of-repair';

/** In a batch's folder: when its load was committed. */
const LOAD_FILE = '_load';

/** A batch that is mirrored and not merged: a folder with a segment of each of its `mirroredTables`. */
export interface BatchFolder {
  readonly load: Load;
  /** 0 of a table without a segment. */
  readonly bytes: PerTable<number>;
}

export function batchFolderName(batch: number): string {
  return `batch=${String(batch).padStart(6, '0')}`;
}

export function segmentFile(rawLogDir: string, batch: number, table: RawTable): string {
  return path.join(rawLogDir, batchFolderName(batch), `${table}.parquet`);
}

/** The batches that have a folder, in order. */
export async function listBatchFolders(rawLogDir: string): Promise<number[]> {
  const names = await readdir(rawLogDir);
  return names
    .flatMap((name) => /^batch=(\d{6,})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);
}

/** The folder of this very load, with all its segments; undefined where some of it is missing. */
export async function findBatchFolder(
  rawLogDir: string,
  load: PresentLoad,
): Promise<BatchFolder | undefined> {
  const file = path.join(rawLogDir, batchFolderName(load.batch), LOAD_FILE);
  if ((await readTextIfThere(file)) !== load.committedMicros) return undefined;
  const bytes = perTable(() => 0);
  const sizes = mirroredTables(load).map(async (table) => {
    const size = await sizeIfThere(segmentFile(rawLogDir, load.batch, table));
    bytes[table] = size ?? 0;
    return size;
  });
  const isWhole = (await Promise.all(sizes)).every((size) => size !== undefined);
  return isWhole ? { load, bytes } : undefined;
}

async function isThere(file: string): Promise<boolean> {
  return (await sizeIfThere(file)) !== undefined;
}

export async function sizeIfThere(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function removeBatchFolder(rawLogDir: string, batch: number): Promise<void> {
  return removeAtOnce(path.join(rawLogDir, batchFolderName(batch)));
}

/** More bytes are of more than a row group. */
const SMALL_DUMP_BYTES = 2 ** 23;

/** How many rows a dump has; undefined for so many that it does not matter. */
async function countSmallDump(
  duckDb: DuckDb,
  table: RawTable,
  dump: string,
): Promise<number | undefined> {
  const { size } = await stat(dump);
  if (size > SMALL_DUMP_BYTES) return undefined;
  const [counted] = await duckDb.rows<{ n: bigint }>(
    `SELECT count(*) AS n FROM (${selectDump(table, dump)})`,
  );
  return Number(counted!.n);
}

/**
 * Mirrors a batch as `batch=000001/{users, …}.parquet`: the columns of the Postgres table, sorted by
 * (user_id, time, id), the same bytes whenever it is done again. The folder appears by one rename, in
 * the place of one of another load of that number.
 */
export async function mirrorBatch(
  tx: TransactionSql,
  duckDb: DuckDb,
  { rawLogDir, scratch, load }: { rawLogDir: string; scratch: string; load: PresentLoad },
): Promise<BatchFolder> {
  const { batch, committedMicros } = load;
  const temporary = temporaryIn(rawLogDir);
  await mkdir(temporary);
  for (const table of mirroredTables(load)) {
    const dump = dumpFile(scratch, table);
    await dumpTable(tx, { table, file: dump, batches: { first: batch, last: batch } });
    const sorted = `${selectDump(table, dump)} ORDER BY ${segmentOrder(table)}`;
    const rows = await countSmallDump(duckDb, table, dump);
    await duckDb.run(copyToParquet(sorted, path.join(temporary, `${table}.parquet`), 'log', rows));
  }
  await writeDurably(path.join(temporary, LOAD_FILE), committedMicros);
  const folder = path.join(rawLogDir, batchFolderName(batch));
  if (await isThere(folder)) {
    warnOfRepair(`${batchFolderName(batch)} is not whole, or of another load`);
  }
  await removeAtOnce(folder);
  const published = await publishFolder(temporary, folder);
  if (!published) await rm(temporary, { recursive: true, force: true });
  const mirrored = await findBatchFolder(rawLogDir, load);
  if (!mirrored) throw new Error(`${batchFolderName(batch)} is gone again`);
  return mirrored;
}
