import { readParquet, type DuckDb } from '../duckdb';
import type { EpochMicros } from '../instants';
import {
  compileTimelines,
  compileTimelineUsers,
  dropTimelineTables,
  selectTimelineParts,
} from './compile-timelines';
import type { SegmentFiles } from './compile-facts';
import type { FeatureSet } from './feature-set';
import { sourcesOfFeatures } from './language';
import { planTimelines, type TimelineFiles } from './timelines';

/**
 * What a row may take while a part is made: lists can't be moved to disk. Parts are as large as that
 * allows, since segments of small loads, whose row groups have rows of all users, are read anew for
 * each.
 */
const BYTES_PER_ROW = 250;

export interface TimelineOptions {
  readonly featureSet: FeatureSet;
  readonly segments: SegmentFiles;
  readonly batch: number;
  readonly signal?: AbortSignal;
}

/** When the last of the rows that features are made from arrived; 0 where there is none. */
export async function latestArrival(
  duckDb: DuckDb,
  options: TimelineOptions,
): Promise<EpochMicros> {
  const files = sourceFiles(options);
  const [row] = await duckDb.rows<{ latest: bigint | null }>(
    `SELECT epoch_us(max(ingested_at)) AS latest FROM ${readParquet(files)}`,
    options.signal,
  );
  return row?.latest ?? 0n;
}

function sourceFiles({ featureSet, segments, batch }: TimelineOptions): string[] {
  return sourcesOfFeatures(featureSet.features).flatMap((source) => segments(source, batch));
}

interface WriteOptions extends TimelineOptions {
  readonly lastArrival: EpochMicros;
  /** The file of the first part, 0, and so on. */
  readonly fileOf: (part: number) => string;
  /** About how many rows a part is made from. */
  readonly rowsPerPart?: number;
  readonly onPart?: (done: number, total: number) => void;
}

/**
 * Writes the timelines of all users of the batches, some users after others: a part is as large as
 * memory allows, and no smaller than the rows of a user.
 */
export async function writeTimelines(
  duckDb: DuckDb,
  options: WriteOptions,
): Promise<TimelineFiles> {
  const { lastArrival, fileOf, onPart, signal, featureSet, segments, batch } = options;
  const { rowsPerPart = Math.floor((duckDb.memoryMegabytes * 1e6) / BYTES_PER_ROW) } = options;
  const { timelines } = planTimelines(featureSet.features);
  const sources = { segments, knowledge: { batch, known: { at: lastArrival } } };
  const cut = { files: sourceFiles(options), rowsPerPart };
  const parts: { file: string; users: number }[] = [];
  try {
    await duckDb.run(compileTimelineUsers(sources, cut), signal);
    const ranges = await duckDb.rows<{ from: number; until: number }>(selectTimelineParts);
    for (const [index, { from, until }] of ranges.entries()) {
      const file = fileOf(index);
      for (const sql of compileTimelines(timelines, { from, until, file }, sources)) {
        await duckDb.run(sql, signal);
      }
      parts.push({ file, users: until - from });
      onPart?.(parts.length, ranges.length);
    }
  } finally {
    // What failed is more important than what is left.
    for (const sql of dropTimelineTables(timelines)) await duckDb.run(sql).catch(() => {});
  }
  return { lastArrival, rowsPerPart, parts };
}
