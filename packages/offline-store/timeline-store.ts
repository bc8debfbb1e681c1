import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { asDatabaseError, type Database } from '../database';
import { parquetRowCounts, type DuckDb } from '../duckdb';
import { publishFolder, readTextIfThere, sha256OfFile, writeDurably } from '../durable-files';
import {
  latestArrival,
  timelineKey,
  writeTimelines,
  type TimelineFiles,
  type TimelineOptions,
} from '../features';
import { formatInstant, parseInstant, type EpochMicros } from '../instants';
import { writerVersion } from './publish-revision';

/** Timelines of other segments or definitions are kept for those who may still read them. */
const FOLDERS_KEPT = 3;
const LOCK_KEY = 7_401_333;
const MANIFEST = 'manifest.json';

interface StoreOptions extends TimelineOptions {
  /** It is made when it is needed. */
  readonly timelinesDir: string;
}

interface MakeOptions extends StoreOptions {
  readonly database: Database;
  /** K of what is asked: nothing is made of rows that arrived later. */
  readonly knownAt: EpochMicros;
  readonly report: (done: number, total: number) => void;
}

/** The timelines of these segments, where they are there and can be read. */
export async function findTimelines(
  duckDb: DuckDb,
  options: StoreOptions,
): Promise<TimelineFiles | undefined> {
  const folder = await folderOf(options);
  const text = await readTextIfThere(path.join(folder, MANIFEST));
  if (text === undefined) return undefined;
  const found = parseManifest(folder, text);
  const files = found?.parts.map(({ file }) => file) ?? [];
  const rows = await parquetRowCounts(duckDb, files).catch(() => []);
  const isWhole = found?.parts.every(({ users }, index) => rows[index] === users) ?? false;
  return isWhole ? found : undefined;
}

/**
 * Finds the timelines of these segments, or makes them: a folder that appears by one rename. Calls go
 * one at a time (a lock in Postgres).
 *
 * @returns undefined where some of the rows arrived after K.
 */
export async function makeTimelines(
  duckDb: DuckDb,
  options: MakeOptions,
): Promise<TimelineFiles | undefined> {
  const knownAt = await latestArrival(duckDb, options);
  if (knownAt > options.knownAt) return undefined;
  await mkdir(options.timelinesDir, { recursive: true });
  try {
    return await options.database.sql.begin(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(${LOCK_KEY})`;
      const found = await findTimelines(duckDb, options);
      return found ?? (await make(duckDb, { ...options, knownAt }));
    });
  } catch (error) {
    throw asDatabaseError(error);
  }
}

/**
 * Compares the bytes of the timelines of these segments, where they are there, with those that the
 * segments give now.
 *
 * @param options.scratchDir  Where they are written again; DuckDB must be allowed there.
 * @returns The names of the files, by whether they are equal.
 */
export async function auditTimelines(
  duckDb: DuckDb,
  options: StoreOptions & { readonly scratchDir: string },
): Promise<{ equal: string[]; mismatched: string[] }> {
  const found = await findTimelines(duckDb, options);
  if (!found) return { equal: [], mismatched: [] };
  const folder = path.join(options.scratchDir, `audit-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const { parts } = await writeTimelines(duckDb, {
      ...options,
      knownAt: found.knownAt,
      fileOf: partIn(folder),
    });
    const audited = { equal: [] as string[], mismatched: [] as string[] };
    for (const { file } of found.parts) {
      const again = parts.find((part) => path.basename(part.file) === path.basename(file));
      const isEqual = again && (await sha256OfFile(again.file)) === (await sha256OfFile(file));
      audited[isEqual ? 'equal' : 'mismatched'].push(path.basename(file));
    }
    return audited;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function make(duckDb: DuckDb, options: MakeOptions): Promise<TimelineFiles> {
  const { timelinesDir, report, ...others } = options;
  const final = await folderOf(options);
  // What a killed call left, and what can't be read.
  for (const name of await readdir(timelinesDir)) {
    const isDoomed = name.endsWith('.tmp') || name === path.basename(final);
    if (isDoomed) await removeAtOnce(path.join(timelinesDir, name));
  }
  const folder = path.join(timelinesDir, `.${randomUUID()}.tmp`);
  await mkdir(folder);
  const { knownAt, parts } = await writeTimelines(duckDb, {
    ...others,
    fileOf: partIn(folder),
    onPart: report,
  });
  const named = parts.map(({ file, users }) => ({ file: path.basename(file), users }));
  const manifest = { known_at: formatInstant(knownAt), parts: named };
  await writeDurably(path.join(folder, MANIFEST), `${JSON.stringify(manifest)}\n`);
  await publishFolder(folder, final);
  await removeOldest(timelinesDir);
  return { knownAt, parts: named.map((part) => ({ ...part, file: path.join(final, part.file) })) };
}

/**
 * Named by what the timelines list and by the segments they are made from. A segment that was mirrored
 * again counts as another one.
 */
async function folderOf(options: StoreOptions): Promise<string> {
  const { timelinesDir, featureSet, segments, batch } = options;
  const sources = featureSet.features.map(({ source }) => source);
  const tables = [...new Set(['users' as const, ...sources])];
  const files = tables.flatMap((table) => segments(table, batch));
  const stats = await Promise.all(files.map((file) => stat(file)));
  const states = stats.map(({ size, mtimeMs }, index) => [
    segmentName(files[index]!),
    size,
    mtimeMs,
  ]);
  const key = JSON.stringify([writerVersion, timelineKey(featureSet), states]);
  return path.join(timelinesDir, createHash('sha256').update(key).digest('hex').slice(0, 32));
}

function partIn(folder: string): (part: number) => string {
  return (part) => path.join(folder, `part-${String(part).padStart(4, '0')}.parquet`);
}

function segmentName(file: string): string {
  return path.join(path.basename(path.dirname(file)), path.basename(file));
}

function parseManifest(folder: string, text: string): TimelineFiles | undefined {
  interface Manifest {
    readonly known_at: string;
    readonly parts: TimelineFiles['parts'];
  }
  try {
    const { known_at, parts } = JSON.parse(text) as Manifest;
    const located = parts.map(({ file, users }) => ({ file: path.join(folder, file), users }));
    return { knownAt: parseInstant(known_at), parts: located };
  } catch {
    return undefined;
  }
}

async function removeOldest(timelinesDir: string): Promise<void> {
  const folders = (await readdir(timelinesDir)).map((name) => path.join(timelinesDir, name));
  const stats = await Promise.all(folders.map((folder) => stat(folder)));
  const newestFirst = [...folders.keys()].sort((a, b) => stats[b]!.mtimeMs - stats[a]!.mtimeMs);
  for (const index of newestFirst.slice(FOLDERS_KEPT)) await removeAtOnce(folders[index]!);
}

/** Renamed before it is removed, so that no reader finds half of it. */
async function removeAtOnce(folder: string): Promise<void> {
  const doomed = path.join(path.dirname(folder), `.${randomUUID()}.tmp`);
  await rename(folder, doomed);
  await rm(doomed, { recursive: true, force: true });
}
