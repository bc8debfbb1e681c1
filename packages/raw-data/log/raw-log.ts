import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../../contracts';
import {
  asDatabaseError,
  withLeasedLock,
  type Database,
  type HeldLease,
  type TransactionSql,
} from '../../database';
import {
  asStorageError,
  makeFolder,
  readTextIfThere,
  removeAtOnce,
  replaceDurably,
  temporaryIn,
} from '../../durable-files';
import { isSparse, perTable, rawTableNames, type PerTable, type RawTable } from '../raw-tables';
import type { OpenDuckDb } from '../scratch';
import { listBatchFolders, segmentFile, sizeIfThere } from './batch-folders';
import {
  findManifestProblem,
  nothingMerged,
  readLogManifest,
  segmentsOfRun,
  type Load,
  type LogManifest,
  type PresentLoad,
} from './log-manifest';
import type { LogState } from './merge-log';
import { makeReaderFolder, removeAbandonedReaders } from './reader-folder';
import type { RawSegment } from './raw-segment';
import { updateLog } from './update-log';

/** The columnar mirror of the raw tables. */
export interface RawLog {
  /** The last batch that is mirrored; 0 before the first load. */
  readonly lastBatch: number;
  /**
   * The segments of a table that have rows of batches `<= throughBatch`, in the order of their first
   * batches. The last ones may have rows of later batches, too: rows are told apart by `batch`.
   *
   * @throws ChurnError LOADS_MISSING when Postgres does not have that batch: fewer rows would be a
   *   wrong answer.
   */
  segments(table: RawTable, throughBatch: number): RawSegment[];
  /** Names the rows of the batches `<= throughBatch`, in whichever segments they are. */
  contentKey(throughBatch: number): string;
}

export interface RawLogOptions {
  readonly database: Database;
  readonly rawLogDir: string;
  readonly scratchDir: string;
  readonly openDuckDb: OpenDuckDb;
  /** Its abort ends the wait for the log, or its update, which the next call goes on with. */
  readonly signal?: AbortSignal;
  /** Told at once and then every few seconds, while another has the log, since when that is so. */
  readonly onWaiting?: (since: string) => void;
}

const RAW_LOG_LOCK_KEY = 7_401_332;
const OWNER_FILE = '_installation';

/**
 * Mirrors each batch that is not there yet, as a folder `batch=000001/{users, …}.parquet`, and merges
 * small folders and runs to larger ones (`merged/`), so much at a time. What is lost, or of a load
 * that a Postgres put back from a backup does not have, is made again from Postgres. Calls go one at a
 * time (a lock in Postgres), and a call that is killed leaves the log as it was or as it is to be.
 *
 * The segments of the answer may be merged, and removed, by the next call of whichever process: who
 * reads them uses `withRawLog`.
 *
 * @throws ChurnError INSTALLATION_MISMATCH when the folder mirrors another database,
 *   STORAGE_UNAVAILABLE.
 */
export function syncRawLog(options: RawLogOptions): Promise<RawLog> {
  return holdingLog(options, (tx, rawLogDir) => syncHeld(tx, { ...options, rawLogDir }));
}

/**
 * Runs work with the raw log, every committed batch mirrored. Its segments have names of their own,
 * so that they stay while the work runs, whatever is merged meanwhile.
 *
 * @throws ChurnError as `syncRawLog`
 */
export async function withRawLog<T>(
  options: RawLogOptions,
  work: (rawLog: RawLog) => Promise<T>,
): Promise<T> {
  const { rawLog, reader } = await holdingLog(options, async (tx, rawLogDir) => {
    const synced = await syncHeld(tx, { ...options, rawLogDir });
    const { lastBatch } = synced;
    const all = perTable((table) => synced.segments(table, lastBatch));
    const own = await makeReaderFolder(rawLogDir, all);
    const segments = through(lastBatch, (table) => own.segments[table]);
    return { rawLog: { ...synced, segments }, reader: own };
  });
  try {
    return await work(rawLog);
  } finally {
    await reader.remove();
  }
}

/** What a log consists of as it lies there, whichever batches are mirrored. */
export interface LogOnDisk {
  readonly segments: PerTable<readonly RawSegment[]>;
  /** Segments that ought to be there, by the manifest or by the folder of their batch, and are not. */
  readonly gone: PerTable<readonly RawSegment[]>;
  /** What keeps the manifest of what is merged from being read. */
  readonly manifestProblem?: string;
}

/** Runs work with the segments that are there, whichever batches are mirrored; nothing is mended. */
export async function withLogOnDisk<T>(
  options: RawLogOptions,
  work: (log: LogOnDisk) => Promise<T>,
): Promise<T> {
  const { log, reader } = await holdingLog(options, async (_tx, rawLogDir) => {
    const found = await readLogOnDisk(rawLogDir);
    return { log: found, reader: await makeReaderFolder(rawLogDir, found.segments) };
  });
  try {
    return await work({ ...log, segments: reader.segments });
  } finally {
    await reader.remove();
  }
}

/** Must be called while the log is held. */
export async function readLogOnDisk(rawLogDir: string): Promise<LogOnDisk> {
  const manifestProblem = await findManifestProblem(rawLogDir);
  const manifest = await readLogManifest(rawLogDir);
  const merged = new Set(manifest.loads.map(({ batch }) => batch));
  const single = (await listBatchFolders(rawLogDir)).filter((batch) => !merged.has(batch));
  const segments: Partial<PerTable<RawSegment[]>> = {};
  const gone: Partial<PerTable<RawSegment[]>> = {};
  for (const table of rawTableNames) {
    const all = segmentsOf(rawLogDir, { manifest, single, table });
    const sizes = await Promise.all(all.map(({ file }) => sizeIfThere(file)));
    segments[table] = all.filter((_, index) => sizes[index] !== undefined);
    // The folder of a batch has no segment of a table that it has no rows of, where most have none.
    const mayLack = ({ statistics }: RawSegment) => isSparse(table) && statistics === undefined;
    gone[table] = all.filter((each, index) => sizes[index] === undefined && !mayLack(each));
  }
  return {
    segments: segments as PerTable<RawSegment[]>,
    gone: gone as PerTable<RawSegment[]>,
    ...(manifestProblem === undefined ? {} : { manifestProblem }),
  };
}

/** Runs work while nobody else works on the raw log. Everything that is committed by then is seen. */
export async function holdingLog<T>(
  options: RawLogOptions,
  work: (tx: TransactionSql, rawLogDir: string) => Promise<T>,
): Promise<T> {
  const rawLogDir = path.resolve(options.rawLogDir);
  await makeFolder(rawLogDir);
  try {
    const { signal, onWaiting } = options;
    // Without a lease it is somebody who has the lock for a moment.
    const tell = (holder: HeldLease | null) => holder && onWaiting?.(holder.startedAt);
    const lock = {
      key: RAW_LOG_LOCK_KEY,
      activity: 'updating the raw log',
      state: {},
      signal,
      ...(onWaiting && { wait: { onWaiting: tell } }),
    };
    return await withLeasedLock(options.database, lock, (tx) => work(tx, rawLogDir));
  } catch (error) {
    throw asStorageError(asDatabaseError(error));
  }
}

/** Does what `syncRawLog` does; must be called while the log is held. */
export async function syncHeld(tx: TransactionSql, options: RawLogOptions): Promise<RawLog> {
  const { rawLogDir } = options;
  const isOwned = await requireOwner(tx, rawLogDir);
  const loads = await listLoads(tx);
  if (!isOwned && loads.length === 0) {
    // A database that nothing was loaded into says nothing about whose files these are.
    return describeRawLog(rawLogDir, { manifest: nothingMerged, folders: [] }, loads);
  }
  await removeLeftovers(rawLogDir);
  const state = await updateLog(tx, options, loads);
  return describeRawLog(rawLogDir, state, loads);
}

/** The segments of a table, of what is merged and of single batches, in the order of their batches. */
function segmentsOf(
  rawLogDir: string,
  log: { manifest: LogManifest; single: readonly number[]; table: RawTable },
): RawSegment[] {
  const { manifest, single, table } = log;
  const merged = manifest.runs[table].flatMap((run) => segmentsOfRun(rawLogDir, run));
  const ofBatches = single.map((batch) => ({
    file: segmentFile(rawLogDir, batch, table),
    firstBatch: batch,
    lastBatch: batch,
  }));
  return [...merged, ...ofBatches].sort((left, right) => left.firstBatch - right.firstBatch);
}

function describeRawLog(
  rawLogDir: string,
  { manifest, folders }: LogState,
  loads: readonly Load[],
): RawLog {
  const lastBatch = loads.at(-1)?.batch ?? 0;
  const singleOf = (table: RawTable) =>
    folders.filter(({ bytes }) => bytes[table] > 0).map(({ load }) => load.batch);
  return {
    lastBatch,
    segments: through(lastBatch, (table) =>
      segmentsOf(rawLogDir, { manifest, single: singleOf(table), table }),
    ),
    contentKey: (throughBatch) => {
      const known = loads.filter(({ batch }) => batch <= throughBatch);
      const text = known.map(({ batch, committedMicros }) => `${batch} ${committedMicros}\n`);
      return createHash('sha256').update(text.join('')).digest('hex');
    },
  };
}

function through(
  lastBatch: number,
  all: (table: RawTable) => readonly RawSegment[],
): RawLog['segments'] {
  return (table, throughBatch) => {
    if (throughBatch > lastBatch) {
      throw new ChurnError('LOADS_MISSING', { batch: throughBatch, lastBatch });
    }
    return all(table).filter(({ firstBatch }) => firstBatch <= throughBatch);
  };
}

function listLoads(tx: TransactionSql): Promise<PresentLoad[]> {
  return tx<PresentLoad[]>`
    SELECT batch, (extract(epoch FROM committed_at) * 1000000)::bigint::text AS "committedMicros",
      coalesce((loaded ->> 'user_attributes')::bigint, 0) > 0 AS "hasAttributes"
    FROM ops.load_batches ORDER BY batch`;
}

/** Whether Postgres says which installation it is; the log is that one's then. */
export async function requireOwner(tx: TransactionSql, rawLogDir: string): Promise<boolean> {
  const [installation] = await tx<{ id: string }[]>`SELECT id::text FROM ops.installation`;
  if (!installation) return false;
  const file = path.join(rawLogDir, OWNER_FILE);
  const owner = await readTextIfThere(file);
  if (owner === undefined) {
    await replaceDurably(file, `${installation.id}\n`, temporaryIn(rawLogDir));
    return true;
  }
  const found = owner.trim();
  if (found === installation.id) return true;
  const expected = installation.id;
  throw new ChurnError('INSTALLATION_MISMATCH', { store: 'The raw log', found, expected });
}

/** What a killed call left; a zombie that still writes there has nothing to publish afterwards. */
async function removeLeftovers(rawLogDir: string): Promise<void> {
  for (const name of await readdir(rawLogDir)) {
    if (/^\..*\.tmp$/.test(name)) await removeAtOnce(path.join(rawLogDir, name));
  }
  await removeAbandonedReaders(rawLogDir);
}
