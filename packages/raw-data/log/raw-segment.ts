import type { EpochMicros } from '../../instants';

/** A Parquet file of a raw table, with the columns of `segmentColumns`. */
export interface RawSegment {
  readonly file: string;
  /** The batches that it has rows of lie between these two, both inclusive. */
  readonly firstBatch: number;
  readonly lastBatch: number;
  /** Absent for the segment of a single batch that is not merged yet. */
  readonly statistics?: SegmentStatistics;
}

/** What is known about a segment without opening it. */
export interface SegmentStatistics {
  readonly rows: number;
  /**
   * The segment begins with so many rows: of each user, or of each user and event type or attribute
   * where the table has these, those of the latest time in this segment. Each of the two parts is sorted
   * by user, time and id.
   */
  readonly latestRows: number;
  /** The least and the greatest `signup_time` or `event_time`; null without rows. */
  readonly firstTime: EpochMicros | null;
  readonly lastTime: EpochMicros | null;
  /** The greatest `ingested_at`; null without rows. */
  readonly lastArrival: EpochMicros | null;
}
