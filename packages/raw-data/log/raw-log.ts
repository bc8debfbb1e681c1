import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../../contracts';
import { asDatabaseError, type Database, type TransactionSql } from '../../database';
import { copyToParquet } from '../../duckdb';
import { dumpFile, dumpTable, segmentOrder, selectDump } from './dump-table';
import {
  asStorageError,
  makeFolder,
  publishFolder,
  readTextIfThere,
  removeAtOnce,
  replaceDurably,
  temporaryIn,
  writeDurably,
} from '../../durable-files';
import { rawTableNames, type RawTable } from '../raw-tables';
import { withDuckDb, withScratch, type OpenDuckDb } from '../scratch';

/** The columnar mirror of the raw tables: one immutable Parquet segment per batch and table. */
export interface RawLog {
  /** The last batch that is mirrored; 0 before the first load. */
  readonly lastBatch: number;
  /**
   * The segments of a table of the batches `<= throughBatch`, in the order of the batches.
   *
   * @throws ChurnError LOADS_MISSING when Postgres does not have that batch: fewer rows would be a
   *   wrong answer.
   */
  segments(table: RawTable, throughBatch: number): string[];
}

export interface RawLogOptions {
  readonly database: Database;
  readonly rawLogDir: string;
  readonly scratchDir: string;
  readonly openDuckDb: OpenDuckDb;
}

const RAW_LOG_LOCK_KEY = 7_401_332;
const OWNER_FILE = '_installation';

/** In a batch's folder: when its load was committed. */
const LOAD_FILE = '_load';

/**
 * Mirrors each batch that has no folder yet as `batch=000001/{users, …}.parquet`: the columns of
 * the Postgres table, sorted by (user_id, time, id), the same bytes whenever it is done again. A
 * folder appears by one rename, so that a call that is killed leaves nothing half done and the
 * next one mends it. A folder of another load of that number, which a Postgres that was put back
 * from a backup does not have, is replaced. Calls go one at a time (a lock in Postgres).
 *
 * @throws ChurnError INSTALLATION_MISMATCH when the folder mirrors another database,
 *   STORAGE_UNAVAILABLE.
 */
export async function syncRawLog(options: RawLogOptions): Promise<RawLog> {
  const rawLogDir = path.resolve(options.rawLogDir);
  await makeFolder(rawLogDir);
  try {
    return await options.database.sql.begin('isolation level repeatable read', async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(${RAW_LOG_LOCK_KEY})`;
      await requireOwner(tx, rawLogDir);
      await removeLeftovers(rawLogDir);
      const loads = await listLoads(tx);
      const missing = await withoutFolder(rawLogDir, loads);
      if (missing.length > 0) await mirrorLoads(tx, { ...options, rawLogDir }, missing);
      const batches = loads.map(({ batch }) => batch);
      return describeRawLog(rawLogDir, batches);
    });
  } catch (error) {
    throw asStorageError(asDatabaseError(error));
  }
}

function describeRawLog(rawLogDir: string, batches: readonly number[]): RawLog {
  const lastBatch = batches.at(-1) ?? 0;
  return {
    lastBatch,
    segments: (table, throughBatch) => {
      if (throughBatch > lastBatch) {
        throw new ChurnError('LOADS_MISSING', { batch: throughBatch, lastBatch });
      }
      return batches
        .filter((batch) => batch <= throughBatch)
        .map((batch) => segmentFile(rawLogDir, batch, table));
    },
  };
}

export function segmentFile(rawLogDir: string, batch: number, table: RawTable): string {
  return path.join(rawLogDir, batchFolderName(batch), `${table}.parquet`);
}

function batchFolderName(batch: number): string {
  return `batch=${String(batch).padStart(6, '0')}`;
}

/** SQL for the batch whose segment has this path. */
export function batchOfFolder(path: string): string {
  return `CAST(regexp_extract(${path}, 'batch=([0-9]+)/[^/]*$', 1) AS INTEGER)`;
}

interface Load {
  readonly batch: number;
  readonly committedMicros: string;
}

function listLoads(tx: TransactionSql): Promise<Load[]> {
  return tx<Load[]>`
    SELECT batch, (extract(epoch FROM committed_at) * 1000000)::bigint::text AS "committedMicros"
    FROM ops.load_batches ORDER BY batch`;
}

async function withoutFolder(rawLogDir: string, loads: readonly Load[]): Promise<Load[]> {
  const found = await Promise.all(
    loads.map(({ batch }) => readTextIfThere(loadFile(rawLogDir, batch))),
  );
  return loads.filter(({ committedMicros }, index) => found[index] !== committedMicros);
}

function loadFile(rawLogDir: string, batch: number): string {
  return path.join(rawLogDir, batchFolderName(batch), LOAD_FILE);
}

/** The batches that have a folder, in order. */
export async function listMirroredBatches(rawLogDir: string): Promise<number[]> {
  const names = await readdir(rawLogDir);
  return names
    .flatMap((name) => /^batch=(\d{6,})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);
}

async function requireOwner(tx: TransactionSql, rawLogDir: string): Promise<void> {
  const [installation] = await tx<{ id: string }[]>`SELECT id::text FROM ops.installation`;
  if (!installation) return;
  const file = path.join(rawLogDir, OWNER_FILE);
  const owner = await readTextIfThere(file);
  if (owner === undefined) {
    return replaceDurably(file, `${installation.id}\n`, temporaryIn(rawLogDir));
  }
  const found = owner.trim();
  if (found === installation.id) return;
  const expected = installation.id;
  throw new ChurnError('INSTALLATION_MISMATCH', { store: 'The raw log', found, expected });
}

/** What a killed call left; a zombie that still writes there has nothing to publish afterwards. */
async function removeLeftovers(rawLogDir: string): Promise<void> {
  for (const name of await readdir(rawLogDir)) {
    if (/^\..*\.tmp$/.test(name)) await removeAtOnce(path.join(rawLogDir, name));
  }
}

async function mirrorLoads(
  tx: TransactionSql,
  options: RawLogOptions,
  loads: readonly Load[],
): Promise<void> {
  const { rawLogDir, openDuckDb } = options;
  await withScratch(options.scratchDir, (scratch) =>
    withDuckDb(openDuckDb, [rawLogDir, scratch], async (duckDb) => {
      for (const { batch, committedMicros } of loads) {
        const temporary = temporaryIn(rawLogDir);
        await mkdir(temporary);
        for (const table of rawTableNames) {
          const dump = dumpFile(scratch, table);
          await dumpTable(tx, { table, file: dump, batch });
          const rows = `${selectDump(table, dump)} ORDER BY ${segmentOrder(table)}`;
          const file = path.join(temporary, `${table}.parquet`);
          await duckDb.run(copyToParquet(rows, file, 'log'));
        }
        await writeDurably(path.join(temporary, LOAD_FILE), committedMicros);
        const folder = path.join(rawLogDir, batchFolderName(batch));
        await removeAtOnce(folder);
        const published = await publishFolder(temporary, folder);
        if (!published) await rm(temporary, { recursive: true, force: true });
      }
    }),
  );
}
