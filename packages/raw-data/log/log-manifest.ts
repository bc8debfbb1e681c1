import path from 'node:path';
import { readTextIfThere, replaceDurably, temporaryIn } from '../../durable-files';
import { isSparse, perTable, rawTableNames, type PerTable, type RawTable } from '../raw-tables';
import type { RawSegment, SegmentStatistics } from './raw-segment';
import { warnOfRepair } from './warn-of-repair';

/** A batch of Postgres: a database put back from a backup may have another load of that number. */
export interface Load {
  readonly batch: number;
  readonly committedMicros: string;
}

/** What Postgres says of a load. */
export interface PresentLoad extends Load {
  /** Whether it has rows of user_attributes. */
  readonly hasAttributes: boolean;
}

/** The tables of which a load has segments: of those that it seldom has rows of, only if it does. */
export function mirroredTables({ hasAttributes }: Pick<PresentLoad, 'hasAttributes'>): RawTable[] {
  return rawTableNames.filter((table) => hasAttributes || !isSparse(table));
}

export interface MergedFile extends SegmentStatistics {
  /** In the folder of merged segments. It ends with the beginning of the SHA-256 of the bytes. */
  readonly name: string;
  readonly bytes: number;
}

/** The rows of a table in all batches from the first to the last: a file for each cut of time. */
export interface Run {
  readonly firstBatch: number;
  readonly lastBatch: number;
  /** In the order of their times; at least one, which may be without rows. */
  readonly files: readonly MergedFile[];
}

/** Which batches are merged, and into which files. Batches that are not listed have a folder each. */
export interface LogManifest {
  /** In order. */
  readonly loads: readonly Load[];
  /**
   * In order; together the runs of a table hold each of the loads once, but for loads without rows of
   * a table that they seldom have rows of.
   */
  readonly runs: PerTable<readonly Run[]>;
}

const FORMAT_VERSION = 1;

export const nothingMerged: LogManifest = { loads: [], runs: perTable(() => []) };

/** The folder of merged segments and of the manifest that lists them. */
export function mergedFolder(rawLogDir: string): string {
  return path.join(rawLogDir, 'merged');
}

export const MANIFEST_FILE = '_manifest.json';

/** Nothing is merged where there is no manifest, or one that can't be read, which is said in the log. */
export async function readLogManifest(rawLogDir: string): Promise<LogManifest> {
  const { manifest, problem } = await tryToReadManifest(rawLogDir);
  if (problem !== undefined) warnOfRepair(`merged/${MANIFEST_FILE} ${problem}`);
  return manifest;
}

/** What keeps the manifest from being read, as the end of a sentence; undefined where nothing does. */
export async function findManifestProblem(rawLogDir: string): Promise<string | undefined> {
  return (await tryToReadManifest(rawLogDir)).problem;
}

async function tryToReadManifest(
  rawLogDir: string,
): Promise<{ manifest: LogManifest; problem?: string }> {
  const text = await readTextIfThere(path.join(mergedFolder(rawLogDir), MANIFEST_FILE));
  if (text === undefined) return { manifest: nothingMerged };
  try {
    const document = JSON.parse(text) as ManifestDocument;
    if (document.format_version === FORMAT_VERSION) return { manifest: parseManifest(document) };
    const problem = `has format_version ${document.format_version}`;
    return { manifest: nothingMerged, problem };
  } catch (error) {
    return { manifest: nothingMerged, problem: `can't be read (${(error as Error).name})` };
  }
}

/** Replaces the manifest in one step; the files that it lists must be on disk. */
export async function writeLogManifest(rawLogDir: string, manifest: LogManifest): Promise<void> {
  const file = path.join(mergedFolder(rawLogDir), MANIFEST_FILE);
  const text = `${JSON.stringify(formatManifest(manifest))}\n`;
  await replaceDurably(file, text, temporaryIn(rawLogDir));
}

export function segmentsOfRun(rawLogDir: string, { firstBatch, lastBatch, files }: Run) {
  return files.map(({ name, bytes: _, ...statistics }): RawSegment => {
    const file = path.join(mergedFolder(rawLogDir), name);
    return { file, firstBatch, lastBatch, statistics };
  });
}

interface FileDocument {
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
  readonly latest_rows: number;
  readonly first_time: string | null;
  readonly last_time: string | null;
  readonly last_arrival: string | null;
}

interface RunDocument {
  readonly first_batch: number;
  readonly last_batch: number;
  readonly files: readonly FileDocument[];
}

interface ManifestDocument {
  readonly format_version: number;
  /** Pairs of a batch and when it was committed, in epoch microseconds. */
  readonly loads: readonly (readonly [number, string])[];
  readonly runs: Partial<PerTable<readonly RunDocument[]>>;
}

function formatManifest({ loads, runs }: LogManifest): ManifestDocument {
  return {
    format_version: FORMAT_VERSION,
    loads: loads.map(({ batch, committedMicros }) => [batch, committedMicros]),
    runs: perTable((table) =>
      runs[table].map(({ firstBatch, lastBatch, files }) => ({
        first_batch: firstBatch,
        last_batch: lastBatch,
        files: files.map((file) => ({
          name: file.name,
          bytes: file.bytes,
          rows: file.rows,
          latest_rows: file.latestRows,
          first_time: file.firstTime?.toString() ?? null,
          last_time: file.lastTime?.toString() ?? null,
          last_arrival: file.lastArrival?.toString() ?? null,
        })),
      })),
    ),
  };
}

function parseManifest(document: ManifestDocument): LogManifest {
  return {
    loads: document.loads.map(([batch, committedMicros]) => ({ batch, committedMicros })),
    runs: perTable((table) =>
      // Of a table that a former release did not have, nothing is merged.
      (document.runs[table] ?? []).map((run) => ({
        firstBatch: run.first_batch,
        lastBatch: run.last_batch,
        files: run.files.map((file) => ({
          name: file.name,
          bytes: file.bytes,
          rows: file.rows,
          latestRows: file.latest_rows,
          firstTime: asMicros(file.first_time),
          lastTime: asMicros(file.last_time),
          lastArrival: asMicros(file.last_arrival),
        })),
      })),
    ),
  };
}

function asMicros(text: string | null): bigint | null {
  return text === null ? null : BigInt(text);
}

/**
 * Leaves out what is merged of loads that Postgres does not have, or not any more, and of numbers
 * between them that it has now: a run is kept or left out whole, and with it the runs of other tables
 * that share a batch with it.
 */
export function withoutOtherLoads(manifest: LogManifest, loads: readonly Load[]): LogManifest {
  const merged = new Map(manifest.loads.map((load) => [load.batch, load.committedMicros]));
  const present = new Map(loads.map((load) => [load.batch, load.committedMicros]));
  const last = manifest.loads.at(-1)?.batch ?? 0;
  const differing = [...merged.keys(), ...present.keys()].filter(
    (batch) => batch <= last && merged.get(batch) !== present.get(batch),
  );
  if (differing.length === 0) return manifest;
  let from = Math.min(...differing);
  let until = Math.max(...differing);
  const all = rawTableNames.flatMap((table) => manifest.runs[table]);
  const isHit = (run: Run) => run.firstBatch <= until && run.lastBatch >= from;
  const isOutside = (run: Run) => isHit(run) && (run.firstBatch < from || run.lastBatch > until);
  for (let run = all.find(isOutside); run; run = all.find(isOutside)) {
    from = Math.min(from, run.firstBatch);
    until = Math.max(until, run.lastBatch);
  }
  return {
    loads: manifest.loads.filter(({ batch }) => batch < from || batch > until),
    runs: perTable((table) => manifest.runs[table].filter((run) => !isHit(run))),
  };
}
