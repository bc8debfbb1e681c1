import { stat } from 'node:fs/promises';
import { ChurnError, knowledgeIn, type Knowledge, type PublishedPartition } from '../contracts';
import type { LogicalDate } from '../instants';
import { quoteIdentifier, readParquet, type DuckDb } from '../duckdb';
import { sha256OfFile, systemCode } from '../durable-files';
import { eligibleCondition } from './eligibility';
import type { ModelSchema } from './model-documents';

/** The features of a day as they were served then. */
export interface ServedFeatures {
  readonly date: LogicalDate;
  readonly path: string;
  /** K and S they were computed with. */
  readonly known: Knowledge;
  /** The revision that holds them; null: they were computed for this training. */
  readonly revision: number | null;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** A day's rows: the labels of its present revision, with its features or those that were served. */
export interface DayRows {
  readonly labels: PublishedPartition;
  readonly served?: ServedFeatures;
}

/** Whose features count, and how many rows there are. */
export function featuresOf({ labels, served }: DayRows): Omit<ServedFeatures, 'date'> {
  if (served) return served;
  const { manifest, path } = labels;
  const { revision, rows, bytes, sha256 } = manifest;
  return { path, known: knowledgeIn(manifest), revision, rows, bytes, sha256 };
}

/** The served features, where they are in another file than the labels. */
export function separateFeatures({ labels, served }: DayRows): ServedFeatures | undefined {
  return served && served.sha256 !== labels.manifest.sha256 ? served : undefined;
}

/**
 * Rows of one day, in order of user_id, as SQL: user_id, the features, the state and the label. The
 * state comes with the features: it is of their K and S.
 */
export function dayRelation(day: DayRows, schema: ModelSchema): string {
  const label = quoteIdentifier(schema.label.name);
  const features = [...schema.features, schema.state].map(({ name }) => quoteIdentifier(name));
  const separate = separateFeatures(day);
  if (!separate) {
    // The file is sorted by user_id, and DuckDB keeps the order of a file.
    return `SELECT user_id, ${features.join(', ')}, ${label} FROM ${readParquet([day.labels.path])}`;
  }
  const served = features.map((name) => `served.${name}`).join(', ');
  return `SELECT served.user_id AS user_id, ${served}, labels.${label} AS ${label}
    FROM ${readParquet([separate.path])} AS served
    LEFT JOIN ${readParquet([day.labels.path])} AS labels ON labels.user_id = served.user_id
    ORDER BY served.user_id`;
}

/** The eligible rows of one day: the features as numbers, then the label (null: not known). */
export function eligibleRows(day: DayRows, schema: ModelSchema): string {
  const columns = [...schema.features.map(({ name }) => name), schema.label.name];
  const numbers = columns.map((name) => `CAST(${quoteIdentifier(name)} AS DOUBLE)`);
  return `SELECT ${numbers.join(', ')} FROM (${dayRelation(day, schema)}) WHERE ${eligibleCondition(schema)}`;
}

/** Reads a query chunk by chunk (some 2,000 rows), without a JavaScript object per row. */
export async function forEachChunk(
  duckDb: DuckDb,
  query: string,
  receive: (chunk: ResultChunk) => void,
  signal?: AbortSignal,
): Promise<void> {
  const result = await duckDb.connection.run(query);
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
 *   not those it is known by: a model's inputs are what its metadata says they are.
 */
export async function requireIntactFile(
  date: LogicalDate,
  { path, bytes, sha256 }: { path: string; bytes: number; sha256: string },
): Promise<void> {
  try {
    const { size } = await stat(path);
    if (size === bytes && (await sha256OfFile(path)) === sha256) return;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new ChurnError('PARTITION_NOT_FOUND', { date }, { cause: error });
  }
  throw new ChurnError('CORRUPT_PARTITION', { path });
}
