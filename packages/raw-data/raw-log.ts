import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../contracts';
import { asDatabaseError, type Database, type TransactionSql } from '../database';
import { copyToParquet } from '../duckdb';
import { dumpFile, dumpTable, segmentOrder, selectDump } from './dump-table';
import {
  publishFolder,
  readTextIfThere,
  removeAtOnce,
  replaceDurably,
  temporaryIn,
} from '../durable-files';
import { rawTableNames, type RawTable } from './raw-tables';
import { withDuckDb, withScratch, type OpenDuckDb } from './scratch';

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

/**
 * Mirrors each batch that has no folder yet as `batch=000001/{users, …}.parquet`: the columns of
 * the Postgres table, sorted by (user_id, time, id), the same bytes whenever it is done again. A
 * folder appears by one rename, so that a call that is killed leaves nothing half done and the
 * next one mends it. Calls go one at a time (a lock in Postgres).
 *
 * @throws ChurnError INSTALLATION_MISMATCH when the folder mirrors another database.
 */
export async function syncRawLog(options: RawLogOptions): Promise<RawLog> {
  const rawLogDir = path.resolve(options.rawLogDir);
  await mkdir(rawLogDir, { recursive: true });
  try {
    return await options.database.sql.begin('isolation level repeatable read', async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(${RAW_LOG_LOCK_KEY})`;
      await requireOwner(tx, rawLogDir);
      await removeLeftovers(rawLogDir);
      const batches = await listLoadedBatches(tx);
      const mirrored = new Set(await listMirroredBatches(rawLogDir));
      const missing = batches.filter((batch) => !mirrored.has(batch));
      if (missing.length > 0) await mirrorBatches(tx, { ...options, rawLogDir }, missing);
      return describeRawLog(rawLogDir, batches);
    });
  } catch (error) {
    throw asDatabaseError(error);
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

async function listLoadedBatches(tx: TransactionSql): Promise<number[]> {
  const rows = await tx<{ batch: number }[]>`SELECT batch FROM ops.load_batches ORDER BY batch`;
  return rows.map((row) => row.batch);
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

async function mirrorBatches(
  tx: TransactionSql,
  options: RawLogOptions,
  batches: readonly number[],
): Promise<void> {
  const { rawLogDir, openDuckDb } = options;
  await withScratch(options.scratchDir, (scratch) =>
    withDuckDb(openDuckDb, [rawLogDir, scratch], async (duckDb) => {
      for (const batch of batches) {
        const temporary = temporaryIn(rawLogDir);
        await mkdir(temporary);
        for (const table of rawTableNames) {
          const dump = dumpFile(scratch, table);
          await dumpTable(tx, { table, file: dump, batch });
          const rows = `${selectDump(table, dump)} ORDER BY ${segmentOrder(table)}`;
          const file = path.join(temporary, `${table}.parquet`);
          await duckDb.run(copyToParquet(rows, file, 'log'));
        }
        const published = await publishFolder(
          temporary,
          path.join(rawLogDir, batchFolderName(batch)),
        );
        if (!published) await rm(temporary, { recursive: true, force: true });
      }
    }),
  );
}
