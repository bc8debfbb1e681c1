import { parquetRowCounts, readParquet, type DuckDb } from '../duckdb';
import type { EpochMicros } from '../instants';
import type { SourceTable } from './language/feature-definition';

/** The raw tables that vectors are computed from. */
export type InputTable = 'users' | SourceTable;

/** A Parquet file of the raw log. */
export interface Segment {
  readonly file: string;
  /** The batches that it has rows of lie between these two, both inclusive. */
  readonly firstBatch: number;
  readonly lastBatch: number;
  /** What is known without opening it; absent where nothing is. */
  readonly statistics?: {
    readonly rows: number;
    /**
     * The first so many rows are those of the latest time that the segment has: of each user, or of
     * each user and event type where the table has event types.
     */
    readonly latestRows: number;
    /** The least and the greatest time of a row, and the greatest `ingested_at`; null without rows. */
    readonly firstTime: EpochMicros | null;
    readonly lastTime: EpochMicros | null;
    readonly lastArrival: EpochMicros | null;
  };
}

/**
 * The raw log's segments of a table that have rows of batches up to one, in the order of their first
 * batches. They may have rows of later batches, too: rows are told apart by their `batch`.
 */
export type Segments = (table: InputTable, throughBatch: number) => readonly Segment[];

/** SQL of a relation: all rows of segments. */
export function readSegments(segments: readonly Segment[]): string {
  return readParquet(segments.map(({ file }) => file));
}

/** How many rows each segment has, whatever their batches; from what is known, or files' footers. */
export async function segmentRowCounts(
  duckDb: DuckDb,
  segments: readonly Segment[],
): Promise<number[]> {
  const unknown = segments.filter(({ statistics }) => !statistics).map(({ file }) => file);
  const counts = await parquetRowCounts(duckDb, unknown);
  const counted = new Map(unknown.map((file, index) => [file, counts[index]!]));
  return segments.map(({ file, statistics }) => statistics?.rows ?? counted.get(file)!);
}

/** How many rows of a table the batches up to one have. */
export async function countRows(
  duckDb: DuckDb,
  segments: readonly Segment[],
  throughBatch: number,
): Promise<number> {
  const whole = segments.filter(({ lastBatch }) => lastBatch <= throughBatch);
  const counts = await segmentRowCounts(duckDb, whole);
  const known = counts.reduce((total, rows) => total + rows, 0);
  const others = segments.filter(({ lastBatch }) => lastBatch > throughBatch);
  if (others.length === 0) return known;
  const [counted] = await duckDb.rows<{ n: bigint }>(
    `SELECT count(*) AS n FROM ${readSegments(others)} WHERE batch <= ${throughBatch}`,
  );
  return known + Number(counted!.n);
}
