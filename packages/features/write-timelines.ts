import { parquetRowCounts, readParquet, type DuckDb } from '../duckdb';
import type { EpochMicros } from '../instants';
import { compileTimelines, compileTimelineUsers } from './compile-timelines';
import type { SegmentFiles } from './compile-facts';
import type { FeatureSet } from './feature-set';
import { planTimelines, type TimelineFiles } from './timelines';

/**
 * While a part is made, its sessions are in memory. Segments that have rows of all users in each row
 * group, as those of small loads do, are read anew for each part.
 */
const ROWS_PER_PART = 10_000_000;

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
  const sources = new Set(featureSet.features.map(({ source }) => source));
  return [...sources].flatMap((source) => segments(source, batch));
}

interface WriteOptions extends TimelineOptions {
  /** When the last row arrived. */
  readonly knownAt: EpochMicros;
  /** The file of the first part, 0, and so on. */
  readonly fileOf: (part: number) => string;
  /** About how many rows a part is made from. */
  readonly rowsPerPart?: number;
  readonly onPart?: (done: number, total: number) => void;
}

/**
 * Writes the timelines of all users of the batches, some users after others, so that memory is
 * bounded.
 */
export async function writeTimelines(
  duckDb: DuckDb,
  options: WriteOptions,
): Promise<TimelineFiles> {
  const { knownAt, fileOf, onPart, signal, featureSet, segments, batch } = options;
  const { timelines } = planTimelines(featureSet.features);
  const sources = { segments, knowledge: { batch, known: { at: knownAt } } };
  await duckDb.run(compileTimelineUsers(sources), signal);
  const ranges = await cutUsers(duckDb, options);
  const parts: { file: string; users: number }[] = [];
  for (const [index, { from, until }] of ranges.entries()) {
    const file = fileOf(index);
    for (const sql of compileTimelines(timelines, { from, until, file }, sources)) {
      await duckDb.run(sql, signal);
    }
    parts.push({ file, users: until - from });
    onPart?.(parts.length, ranges.length);
  }
  return { knownAt, parts };
}

/** Cuts all users into parts of equally many, with about so many rows each. */
async function cutUsers(
  duckDb: DuckDb,
  options: WriteOptions,
): Promise<{ from: number; until: number }[]> {
  const { rowsPerPart = ROWS_PER_PART } = options;
  const [row] = await duckDb.rows<{ n: bigint }>('SELECT count(*) AS n FROM timeline_users');
  const users = Number(row!.n);
  const counts = await parquetRowCounts(duckDb, sourceFiles(options));
  const rows = counts.reduce((total, count) => total + count, 0);
  const parts = Math.min(users, Math.max(1, Math.ceil(rows / rowsPerPart)));
  return Array.from({ length: parts }, (_, part) => ({
    from: Math.floor((users * part) / parts),
    until: Math.floor((users * (part + 1)) / parts),
  }));
}
