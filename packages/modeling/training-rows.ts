import type { LogicalDate } from '../instants';
import { quoteIdentifier, type DuckDb } from '../duckdb';
import type { ModelSchema } from './model-documents';
import { eligibleCondition } from './eligibility';
import {
  dayRelation,
  eligibleRows,
  featuresOf,
  forEachChunk,
  type DayRows,
  type ResultChunk,
} from './partition-rows';
import { createTrainingMatrix, type TrainingMatrix } from './training-matrix';

export interface TrainingDay extends DayRows {
  readonly date: LogicalDate;
}

export interface TrainingRows {
  /** By (T, user_id). */
  readonly matrix: TrainingMatrix;
  /** Where each day's rows start, plus one last entry: the number of rows. */
  readonly dayOffsets: readonly number[];
  readonly excluded: { readonly dormant: number; readonly label_unknown: number };
}

interface ReadOptions {
  readonly duckDb: DuckDb;
  readonly days: readonly TrainingDay[];
  readonly schema: ModelSchema;
  readonly onDay?: (date: LogicalDate) => void;
  readonly signal?: AbortSignal;
}

/** Reads the eligible rows with a known label of some days, in order of (T, user_id). */
export async function readTrainingRows(options: ReadOptions): Promise<TrainingRows> {
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
  const dormant = capacity - count - labelUnknown;
  return { matrix, dayOffsets, excluded: { dormant, label_unknown: labelUnknown } };
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

/** How many users the rows of these days are of. */
export async function countUsers(options: ReadOptions): Promise<number> {
  const { duckDb, days, schema, signal } = options;
  if (days.length === 0) return 0;
  const label = quoteIdentifier(schema.label.name);
  const perDay = days.map(
    (day) =>
      `SELECT user_id FROM (${dayRelation(day, schema)}) WHERE ${eligibleCondition(schema)} AND ${label} IS NOT NULL`,
  );
  const [row] = await duckDb.rows<{ users: bigint }>(
    `SELECT count(DISTINCT user_id) AS users FROM (${perDay.join(' UNION ALL ')})`,
    signal,
  );
  return Number(row?.users ?? 0);
}

/** A training row by its day (an index) and its position among that day's training rows, from 0. */
export interface RowAddress {
  readonly day: number;
  readonly position: number;
}

/** The user of each of some training rows, in the order asked. */
export async function readUserIds(
  duckDb: DuckDb,
  days: readonly TrainingDay[],
  schema: ModelSchema,
  addresses: readonly RowAddress[],
): Promise<string[]> {
  const label = quoteIdentifier(schema.label.name);
  const numbered = days.map(
    (day, index) =>
      `SELECT ${index} AS day, user_id, row_number() OVER (ORDER BY user_id) - 1 AS position
       FROM (${dayRelation(day, schema)}) WHERE ${eligibleCondition(schema)} AND ${label} IS NOT NULL`,
  );
  const wanted = addresses.map(({ day, position }) => `(${day}, ${position})`);
  const rows = await duckDb.rows<{ user_id: string; day: number; position: number }>(
    `SELECT user_id, day::INTEGER AS day, position::INTEGER AS position
     FROM (${numbered.join(' UNION ALL ')})
     SEMI JOIN (VALUES ${wanted.join(', ')}) AS wanted(day, position) USING (day, position)`,
  );
  const byAddress = new Map(rows.map((row) => [`${row.day} ${row.position}`, row.user_id]));
  return addresses.map(({ day, position }) => byAddress.get(`${day} ${position}`)!);
}
