import { stat } from 'node:fs/promises';
import { ChurnError, type PublishedPartition } from '../contracts';
import { quoteIdentifier, readParquet, type DuckDb } from '../duckdb';
import { hashFile, systemCode } from './durable-files';
import { eligibility } from './eligibility';
import type { ModelSchema } from './model-documents';

/** A day's rows: labels (and features) of one revision, or features of the one that was served. */
export interface DayRows {
  readonly labels: PublishedPartition;
  /** The revision first served, where it is another than the labels'. */
  readonly served?: PublishedPartition;
}

export function featuresOf(day: DayRows): PublishedPartition {
  return day.served ?? day.labels;
}

/** Rows of one day, in order of user_id, as SQL: user_id, the features and the label. */
export function dayRelation(day: DayRows, schema: ModelSchema): string {
  const label = quoteIdentifier(schema.label.name);
  const features = schema.features.map(({ name }) => quoteIdentifier(name));
  if (!day.served) {
    // The file is sorted by user_id, and DuckDB keeps the order of a file.
    return `SELECT user_id, ${features.join(', ')}, ${label} FROM ${readParquet([day.labels.path])}`;
  }
  const served = features.map((name) => `served.${name}`).join(', ');
  return `SELECT served.user_id AS user_id, ${served}, labels.${label} AS ${label}
    FROM ${readParquet([day.served.path])} AS served
    LEFT JOIN ${readParquet([day.labels.path])} AS labels ON labels.user_id = served.user_id
    ORDER BY served.user_id`;
}

/** The eligible rows of one day: the features as numbers, then the label (null: not known). */
export function eligibleRows(day: DayRows, schema: ModelSchema): string {
  const columns = [...schema.features.map(({ name }) => name), schema.label.name];
  const numbers = columns.map((name) => `CAST(${quoteIdentifier(name)} AS DOUBLE)`);
  return `SELECT ${numbers.join(', ')} FROM (${dayRelation(day, schema)}) WHERE ${eligibility.sql}`;
}

/** Reads a query chunk by chunk (some 2,000 rows), without a JavaScript object per row. */
export async function forEachChunk(
  duckDb: DuckDb,
  query: string,
  receive: (chunk: ResultChunk) => void,
  signal?: AbortSignal,
): Promise<void> {
  const result = await duckDb.connection.stream(query);
  for (;;) {
    signal?.throwIfAborted();
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    receive({ rows: chunk.rowCount, column: (index) => chunk.getColumnVector(index) });
  }
}

export interface ResultChunk {
  readonly rows: number;
  column(index: number): { getItem(row: number): unknown };
}

/**
 * @throws ChurnError PARTITION_NOT_FOUND when the file is gone, CORRUPT_PARTITION when its bytes are
 *   not those of its manifest: a model's inputs are what its metadata says they are.
 */
export async function requireIntactPartition({
  manifest,
  path,
}: PublishedPartition): Promise<void> {
  try {
    const { size } = await stat(path);
    if (size === manifest.bytes && (await hashFile(path)) === manifest.sha256) return;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new ChurnError('PARTITION_NOT_FOUND', { date: manifest.date }, { cause: error });
  }
  throw new ChurnError('CORRUPT_PARTITION', { path });
}
