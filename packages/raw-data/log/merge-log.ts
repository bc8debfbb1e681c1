import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isChurnError } from '../../contracts';
import type { TransactionSql } from '../../database';
import type { DuckDb } from '../../duckdb';
import { syncToDisk, temporaryIn } from '../../durable-files';
import { perTable, rawTableNames, type PerTable, type RawTable } from '../raw-tables';
import {
  listBatchFolders,
  removeBatchFolder,
  segmentFile,
  sizeIfThere,
  type BatchFolder,
} from './batch-folders';
import { dumpFile, dumpTable, selectDump } from './dump-table';
import {
  MANIFEST_FILE,
  mergedFolder,
  mirroredTables,
  segmentsOfRun,
  writeLogManifest,
  type Load,
  type LogManifest,
  type PresentLoad,
  type Run,
} from './log-manifest';
import { countFoldersToMerge, firstRunToMerge, isMergeDue } from './plan-merge';
import { segmentRows } from './segment-rows';
import { warnOfRepair } from './warn-of-repair';
import { hasOwnBytes, writeRun } from './write-run';

/** A call ends after a merge that has written so much; the next one goes on. */
const BYTES_PER_CALL = 2 ** 28;

/** What the raw log consists of: what is merged, and a folder for each of the other batches. */
export interface LogState {
  readonly manifest: LogManifest;
  /** In the order of their batches. */
  readonly folders: readonly BatchFolder[];
}

/** What works on the raw log, which nobody else does meanwhile. */
export interface LogWriter {
  readonly tx: TransactionSql;
  readonly duckDb: DuckDb;
  readonly rawLogDir: string;
  /** A folder for what is read from Postgres. */
  readonly scratch: string;
}

/**
 * Merges folders of single batches into runs as long as it is due, and small runs with them. Killed
 * anywhere, it leaves the log as the last manifest says, and files beside it that
 * `removeSuperfluous` removes. A merge can wait: where memory is too short for it, the log is right without.
 */
export async function mergeFolders(writer: LogWriter, state: LogState): Promise<LogState> {
  let merged = state;
  let written = 0;
  while (written < BYTES_PER_CALL && isMergeDue(merged.folders.map(bytesOfFolder))) {
    try {
      merged = await mergeOnce(writer, merged, (bytes) => (written += bytes));
    } catch (error) {
      if (isChurnError(error) && error.code === 'DUCKDB_OUT_OF_MEMORY') break;
      throw error;
    }
  }
  return merged;
}

async function mergeOnce(
  writer: LogWriter,
  { manifest, folders }: LogState,
  onWritten: (bytes: number) => void,
): Promise<LogState> {
  await mkdir(mergedFolder(writer.rawLogDir), { recursive: true });
  const batches = folders.map(({ load }) => load.batch);
  const count = countFoldersToMerge(batches, manifest.loads.at(-1)?.batch ?? 0);
  const merged = folders.slice(0, count);
  const runs: Partial<PerTable<readonly Run[]>> = {};
  for (const table of rawTableNames) {
    const withTable = merged.filter(({ bytes }) => bytes[table] > 0);
    const ofTable = { table, folders: withTable, runs: manifest.runs[table] };
    runs[table] = withTable.length === 0 ? ofTable.runs : await mergeTable(writer, ofTable);
    if (withTable.length > 0) onWritten(bytesOfRun(runs[table].at(-1)!));
  }
  const loads = [...manifest.loads, ...merged.map(({ load }) => load)].sort(byBatch);
  const next = { loads, runs: runs as PerTable<readonly Run[]> };
  await publishManifest(writer, next);
  return { manifest: next, folders: folders.slice(count) };
}

export function bytesOfFolder({ bytes }: BatchFolder): number {
  return rawTableNames.reduce((sum, table) => sum + bytes[table], 0);
}

function bytesOfRun({ files }: Run): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function byBatch(left: Load, right: Load): number {
  return left.batch - right.batch;
}

interface TableMerge {
  readonly table: RawTable;
  readonly folders: readonly BatchFolder[];
  readonly runs: readonly Run[];
}

/** The runs of a table after its part of a merge: those that stay, and the new one. */
async function mergeTable(
  writer: LogWriter,
  { table, folders, runs }: TableMerge,
): Promise<readonly Run[]> {
  const { rawLogDir } = writer;
  const batches = folders.map(({ load }) => load.batch);
  const newBytes = folders.reduce((sum, { bytes }) => sum + bytes[table], 0);
  const byRule = firstRunToMerge(runs.map(bytesOfRun), newBytes);
  // A run holds all batches between its first and its last.
  const after = runs.findIndex(({ lastBatch }) => lastBatch > batches[0]!);
  const from = after < 0 ? byRule : Math.min(byRule, after);
  const merged = runs.slice(from);
  const mergedFiles = merged.flatMap((run) =>
    segmentsOfRun(rawLogDir, run).map(({ file }) => file),
  );
  const files = [...mergedFiles, ...batches.map((batch) => segmentFile(rawLogDir, batch, table))];
  const firstBatch = Math.min(merged[0]?.firstBatch ?? Infinity, batches[0]!);
  const lastBatch = Math.max(merged.at(-1)?.lastBatch ?? 0, batches.at(-1)!);
  const source = { table, firstBatch, lastBatch };
  // What is damaged would be right by its name from now on.
  const changed = await findChanged(mergedFiles);
  if (changed) warnOfRepair(`the bytes of merged/${changed} have changed`);
  const run = await (changed
    ? mirrorRun(writer, source)
    : writeRunOf(writer, { ...source, files }));
  return [...runs.slice(0, from), run];
}

async function findChanged(mergedFiles: readonly string[]): Promise<string | undefined> {
  for (const file of mergedFiles) {
    if (!(await hasOwnBytes(file))) return path.basename(file);
  }
  return undefined;
}

interface RunFiles {
  readonly table: RawTable;
  readonly files: readonly string[];
  readonly firstBatch: number;
  readonly lastBatch: number;
}

/** From files; where one of them is damaged or gone, from Postgres, which has the same rows. */
async function writeRunOf(
  writer: LogWriter,
  { table, files, firstBatch, lastBatch }: RunFiles,
): Promise<Run> {
  const { duckDb, rawLogDir } = writer;
  const folders = { rawLogDir, temporary: temporaryIn(rawLogDir) };
  try {
    const rows = await segmentRows(duckDb, table, files);
    return await writeRun(duckDb, { table, rows, firstBatch, lastBatch }, folders);
  } catch (error) {
    const isDamaged =
      isChurnError(error) && (error.code === 'CORRUPT_FILE' || error.code === 'FILE_MISSING');
    if (!isDamaged) throw error;
    warnOfRepair(`batches ${firstBatch} to ${lastBatch} of ${table} can't be read (${error.code})`);
    return mirrorRun(writer, { table, firstBatch, lastBatch });
  }
}

/** Writes a run with what Postgres has of a table in these batches. */
async function mirrorRun(
  { tx, duckDb, rawLogDir, scratch }: LogWriter,
  { table, firstBatch, lastBatch }: Omit<RunFiles, 'files'>,
): Promise<Run> {
  await mkdir(mergedFolder(rawLogDir), { recursive: true });
  const file = dumpFile(scratch, table);
  await dumpTable(tx, { table, file, batches: { first: firstBatch, last: lastBatch } });
  await duckDb.run(`CREATE OR REPLACE TEMP TABLE dumped_rows AS ${selectDump(table, file)}`);
  const source = { table, rows: 'dumped_rows', firstBatch, lastBatch };
  try {
    return await writeRun(duckDb, source, { rawLogDir, temporary: temporaryIn(rawLogDir) });
  } finally {
    await duckDb.run('DROP TABLE IF EXISTS dumped_rows').catch(() => {});
    await rm(file, { force: true });
  }
}

/** Mirrors loads that follow each other, of which nothing is there, as a run of each table. */
export async function mirrorAsRuns(
  writer: LogWriter,
  manifest: LogManifest,
  loads: readonly PresentLoad[],
): Promise<LogManifest> {
  const batches = { firstBatch: loads[0]!.batch, lastBatch: loads.at(-1)!.batch };
  const hasAttributes = loads.some((load) => load.hasAttributes);
  const runs: Partial<PerTable<readonly Run[]>> = { ...manifest.runs };
  for (const table of mirroredTables({ hasAttributes })) {
    const run = await mirrorRun(writer, { table, ...batches });
    runs[table] = inOrder([...manifest.runs[table], run]);
  }
  const mirrored = {
    loads: [...manifest.loads, ...loads].sort(byBatch),
    runs: runs as PerTable<readonly Run[]>,
  };
  await publishManifest(writer, mirrored);
  return mirrored;
}

function inOrder(runs: readonly Run[]): Run[] {
  return [...runs].sort((left, right) => left.firstBatch - right.firstBatch);
}

/** The runs of which a file is gone or has another size. */
export async function findLostRuns(
  rawLogDir: string,
  { runs }: LogManifest,
): Promise<PerTable<readonly Run[]>> {
  const isWhole = async ({ files }: Run) => {
    const sizes = await Promise.all(
      files.map(({ name }) => sizeIfThere(path.join(mergedFolder(rawLogDir), name))),
    );
    return files.every(({ bytes }, index) => sizes[index] === bytes);
  };
  const lost: Partial<PerTable<readonly Run[]>> = {};
  for (const table of rawTableNames) {
    const whole = await Promise.all(runs[table].map(isWhole));
    lost[table] = runs[table].filter((_, index) => !whole[index]);
  }
  return lost as PerTable<readonly Run[]>;
}

/** Makes runs again from Postgres. */
export async function mendRuns(
  writer: LogWriter,
  manifest: LogManifest,
  lost: PerTable<readonly Run[]>,
): Promise<LogManifest> {
  if (rawTableNames.every((table) => lost[table].length === 0)) return manifest;
  const mended = new Map<Run, Run>();
  for (const table of rawTableNames) {
    for (const run of lost[table]) {
      warnOfRepair(
        `a merged file of ${table}, batches ${run.firstBatch} to ${run.lastBatch}, is gone or has another size`,
      );
      mended.set(run, await mirrorRun(writer, { table, ...run }));
    }
  }
  const runs = perTable((table) => manifest.runs[table].map((run) => mended.get(run) ?? run));
  const whole = { loads: manifest.loads, runs };
  await publishManifest(writer, whole);
  return whole;
}

/**
 * Makes sure that this process still holds the raw log. One that was stopped for long may not, and would
 * undo what the holder after it has done.
 *
 * @throws what a query says on a connection that is lost
 */
export async function requireHeld(tx: TransactionSql): Promise<void> {
  await tx`SELECT`;
}

/** The files of its runs have their names, and are on disk once their folder is. */
export async function publishManifest(
  { tx, rawLogDir }: Pick<LogWriter, 'tx' | 'rawLogDir'>,
  manifest: LogManifest,
): Promise<void> {
  await requireHeld(tx);
  await mkdir(mergedFolder(rawLogDir), { recursive: true });
  await syncToDisk(mergedFolder(rawLogDir));
  await writeLogManifest(rawLogDir, manifest);
}

/**
 * Removes folders of batches that are merged or that Postgres does not have, and files that the
 * manifest does not list. Readers have names of their own for what they read.
 */
export async function removeSuperfluous(
  rawLogDir: string,
  { manifest, folders }: LogState,
): Promise<void> {
  const single = new Set(folders.map(({ load }) => load.batch));
  for (const batch of await listBatchFolders(rawLogDir)) {
    if (!single.has(batch)) await removeBatchFolder(rawLogDir, batch);
  }
  const listed = new Set(
    rawTableNames.flatMap((table) =>
      manifest.runs[table].flatMap(({ files }) => files.map(({ name }) => name)),
    ),
  );
  const merged = mergedFolder(rawLogDir);
  for (const name of await readdir(merged).catch(() => [])) {
    if (name === MANIFEST_FILE || listed.has(name)) continue;
    await rm(path.join(merged, name), { recursive: true, force: true });
  }
}
