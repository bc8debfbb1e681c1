import type { LogicalDate } from '../../instants';
import { readParquet, type DuckDb } from '../../duckdb';
import { ineligibleReasonSql, type IneligibleReason } from '../eligibility';
import type { ModelSchema } from '../model-documents';
import {
  eligibleRows,
  featuresOf,
  forEachChunk,
  type DayRows,
  type ResultChunk,
} from '../partition-rows';
import { createTrainingMatrix, type TrainingMatrix } from '../training-matrix';

export interface TrainingDay extends DayRows {
  readonly date: LogicalDate;
}

export interface TrainingRows {
  /** By (T, user_id). */
  readonly matrix: TrainingMatrix;
  /** Where each day's rows start, plus one last entry: the number of rows. */
  readonly dayOffsets: readonly number[];
  readonly excluded: Readonly<Record<IneligibleReason | 'label_unknown', number>>;
}

interface TrainingRowOptions {
  readonly duckDb: DuckDb;
  readonly days: readonly TrainingDay[];
  readonly schema: ModelSchema;
  readonly onDay?: (date: LogicalDate) => void;
  readonly signal?: AbortSignal;
}

/** Reads the eligible rows with a known label of some days, in order of (T, user_id). */
export async function readTrainingRows(options: TrainingRowOptions): Promise<TrainingRows> {
  const { duckDb, days, schema, signal } = options;
  const width = schema.features.length;
  const capacity = days.reduce((sum, day) => sum + featuresOf(day).rows, 0);
  const columns = schema.features.map(() => new Float64Array(capacity));
  const labels = new Uint8Array(capacity);
  const dayOffsets = [0];
  let count = 0;
  let labelUnknown = 0;
  for (const day of days) {
    const receive = (chunk: ResultChunk) => {
      const kept = copyLabels(chunk, width, labels, count);
      columns.forEach((column, index) => copyRows(chunk.column(index), kept, column, count));
      count += kept.length;
      labelUnknown += chunk.rows - kept.length;
    };
    await forEachChunk(duckDb, eligibleRows(day, schema), receive, signal);
    dayOffsets.push(count);
    options.onDay?.(day.date);
  }
  const matrix = createTrainingMatrix(
    schema.features.map(({ name }) => name),
    columns.map((column) => column.subarray(0, count)),
    labels.subarray(0, count),
  );
  const excluded = { ...(await countIneligible(options)), label_unknown: labelUnknown };
  return { matrix, dayOffsets, excluded };
}

/** Rows of the days by why they are not eligible; from the files that the features are read from. */
async function countIneligible({
  duckDb,
  days,
  schema,
  signal,
}: TrainingRowOptions): Promise<Record<IneligibleReason, number>> {
  const files = days.map((day) => featuresOf(day).path);
  const found = await duckDb.rows<{ reason: IneligibleReason | null; rows: bigint }>(
    `SELECT ${ineligibleReasonSql(schema)} AS reason, count(*) AS rows
     FROM ${readParquet(files)} GROUP BY ALL`,
    signal,
  );
  const counts = { left: 0, dormant: 0 };
  for (const { reason, rows } of found) if (reason !== null) counts[reason] = Number(rows);
  return counts;
}

/** Appends the labels that are known; returns the chunk's rows that have one. */
function copyLabels(
  chunk: ResultChunk,
  column: number,
  target: Uint8Array,
  start: number,
): number[] {
  const vector = chunk.column(column);
  const kept: number[] = [];
  for (let row = 0; row < chunk.rows; row++) {
    const label = vector.getItem(row);
    if (label === null) continue;
    target[start + kept.length] = label as number;
    kept.push(row);
  }
  return kept;
}

/** A null becomes NaN, which the training matrix then refuses by the column's name. */
function copyRows(
  vector: ReturnType<ResultChunk['column']>,
  rows: readonly number[],
  target: Float64Array,
  start: number,
): void {
  for (let index = 0; index < rows.length; index++) {
    target[start + index] = (vector.getItem(rows[index]!) as number | null) ?? NaN;
  }
}
