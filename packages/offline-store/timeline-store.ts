import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDb } from '../duckdb';
import {
  makeFolder,
  publishFolder,
  readTextIfThere,
  removeAtOnce,
  sha256OfFile,
  temporaryIn,
  writeDurably,
} from '../durable-files';
import {
  latestArrival,
  timelineKey,
  writeTimelines,
  type Grid,
  type TimelineFiles,
  type TimelineOptions,
} from '../features';
import { formatInstant, MICROS_PER_HOUR, parseInstant, type EpochMicros } from '../instants';
import { writerVersion } from './publish-revision';

/** Timelines of other batches or definitions are kept for those who may still read them. */
const FOLDERS_KEPT = 3;
/** A maker adds a file at least every few minutes: what is older was left by a killed one. */
const LEFTOVER_MICROS = 6n * MICROS_PER_HOUR;
const MANIFEST = 'manifest.json';

interface StoreOptions extends TimelineOptions {
  /** Names the rows of the batches, in whichever segments they are. */
  readonly contentKey: string;
  /** It is made when it is needed. */
  readonly timelinesDir: string;
}

interface MakeOptions extends Omit<StoreOptions, 'batch'> {
  /** K and S of what is asked: nothing is made where rows of the batches arrived after K. */
  readonly known: Grid['knowledge'][number];
  readonly now: EpochMicros;
  readonly onPart: (done: number, total: number) => void;
  readonly part?: { readonly users: number; readonly values: number };
  readonly rowsPerPass?: number;
}

/** The timelines of these batches, where they are all there. */
export async function findTimelines(options: StoreOptions): Promise<TimelineFiles | undefined> {
  const folder = folderOf(options);
  const text = await readTextIfThere(path.join(folder, MANIFEST));
  if (text === undefined) return undefined;
  const found = parseManifest(folder, text);
  const parts = found?.parts ?? [];
  const sizes = await Promise.all(parts.map(({ file }) => sizeOf(file)));
  return parts.every(({ bytes }, index) => sizes[index] === bytes) ? found : undefined;
}

function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}

/**
 * Makes the timelines of these batches: a folder that appears by one rename. Who makes them while
 * another does takes those that are there first.
 *
 * @returns undefined where some of the rows arrived after K.
 * @throws ChurnError STORAGE_UNAVAILABLE; DuckDB's errors, such as for want of memory; Error where
 * the timelines are gone again.
 */
export async function makeTimelines(
  duckDb: DuckDb,
  { known, ...others }: MakeOptions,
): Promise<TimelineFiles | undefined> {
  const options = { ...others, batch: known.batch };
  const final = folderOf(options);
  const lastArrival = await latestArrival(duckDb, options);
  if (lastArrival > known.at) return undefined;
  const { timelinesDir, now } = options;
  await makeFolder(timelinesDir);
  await removeLeftovers(timelinesDir, now);
  const folder = temporaryIn(timelinesDir);
  await mkdir(folder);
  try {
    await writeSet(duckDb, folder, { ...options, lastArrival });
    if (!(await publishFolder(folder, final)) && !(await findTimelines(options))) {
      // Something that is there and is not whole is in the way.
      await removeAtOnce(final);
      await publishFolder(folder, final);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await removeOldest(timelinesDir);
  const found = await findTimelines(options);
  if (!found) throw new Error('the timelines are gone again');
  return found;
}

type SetOptions = Omit<Parameters<typeof writeTimelines>[1], 'fileOf'>;

async function writeSet(duckDb: DuckDb, folder: string, options: SetOptions): Promise<void> {
  const made = await writeTimelines(duckDb, { ...options, fileOf: partIn(folder) });
  await writeDurably(path.join(folder, MANIFEST), formatManifest(made));
}

/**
 * Compares the bytes of the timelines of these batches, where they are there, with those that the
 * segments give now.
 *
 * @param options.scratchDir  Where they are written again.
 * @returns The names of the files, by whether they are equal.
 */
export async function auditTimelines(
  duckDb: DuckDb,
  options: StoreOptions & { readonly scratchDir: string },
): Promise<{ equal: string[]; mismatched: string[] }> {
  const kept = folderOf(options);
  const names = await readdir(kept).catch(() => []);
  if (!(await findTimelines(options))) return { equal: [], mismatched: names };
  const folder = path.join(options.scratchDir, `audit-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const lastArrival = await latestArrival(duckDb, options);
    await writeSet(duckDb, folder, { ...options, lastArrival });
    const audited = { equal: [] as string[], mismatched: [] as string[] };
    for (const name of new Set([...names, ...(await readdir(folder))])) {
      const [one, other] = await Promise.all([kept, folder].map((each) => hashIn(each, name)));
      audited[one !== undefined && one === other ? 'equal' : 'mismatched'].push(name);
    }
    return audited;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function hashIn(folder: string, name: string): Promise<string | undefined> {
  return sha256OfFile(path.join(folder, name)).catch(() => undefined);
}

/**
 * Named by what the timelines list, by the batches they are made from and by the writer, of whom
 * another version may write other bytes. In which segments the rows are does not matter.
 */
function folderOf({ timelinesDir, featureSet, contentKey, batch }: StoreOptions): string {
  const key = JSON.stringify([writerVersion, timelineKey(featureSet), batch, contentKey]);
  return path.join(timelinesDir, createHash('sha256').update(key).digest('hex').slice(0, 32));
}

function partIn(folder: string): (part: number) => string {
  return (part) => path.join(folder, `part-${String(part).padStart(4, '0')}.lists`);
}

interface Manifest {
  readonly last_arrival: string;
  readonly parts: TimelineFiles['parts'];
}

function formatManifest({ lastArrival, parts }: TimelineFiles): string {
  const manifest: Manifest = {
    last_arrival: formatInstant(lastArrival),
    parts: parts.map((part) => ({ ...part, file: path.basename(part.file) })),
  };
  return `${JSON.stringify(manifest)}\n`;
}

function parseManifest(folder: string, text: string): TimelineFiles | undefined {
  try {
    const { last_arrival, parts } = JSON.parse(text) as Manifest;
    return {
      lastArrival: parseInstant(last_arrival),
      parts: parts.map((part) => ({ ...part, file: path.join(folder, part.file) })),
    };
  } catch {
    return undefined;
  }
}

async function removeOldest(timelinesDir: string): Promise<void> {
  const names = (await readdir(timelinesDir)).filter((name) => /^[0-9a-f]{32}$/.test(name));
  const byAge = await withAges(timelinesDir, names);
  const newestFirst = byAge.sort((one, other) => other.mtimeMs - one.mtimeMs);
  for (const { folder } of newestFirst.slice(FOLDERS_KEPT)) await removeAtOnce(folder);
}

async function removeLeftovers(timelinesDir: string, now: EpochMicros): Promise<void> {
  const names = (await readdir(timelinesDir)).filter((name) => name.endsWith('.tmp'));
  const oldest = Number(now - LEFTOVER_MICROS) / 1_000;
  for (const { folder, mtimeMs } of await withAges(timelinesDir, names)) {
    if (mtimeMs < oldest) await rm(folder, { recursive: true, force: true });
  }
}

interface AgedFolder {
  readonly folder: string;
  readonly mtimeMs: number;
}

/** Those that are still there. */
async function withAges(timelinesDir: string, names: readonly string[]): Promise<AgedFolder[]> {
  const aged: AgedFolder[] = [];
  for (const name of names) {
    const folder = path.join(timelinesDir, name);
    const found = await stat(folder).catch(() => undefined);
    if (found) aged.push({ folder, mtimeMs: found.mtimeMs });
  }
  return aged;
}
