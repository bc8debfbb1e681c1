import type { PublishedPartition } from '../../contracts';
import { quoteIdentifier, readParquet, type DuckDb } from '../../duckdb';
import { eligibleCondition, type Eligibility } from '../../modeling';
import type { TypedColumn } from './compare-columns';

/** A partition by columns; shape (rows,) each, NaN for null, booleans as 0 and 1. */
export interface FeatureColumns {
  readonly rows: number;
  readonly columnTypes: readonly TypedColumn[];
  /** Only the features that the file has. */
  readonly features: ReadonlyMap<string, Float64Array>;
  /** 1 churned, 0 stayed, NaN not known; undefined when the file has no label column. */
  readonly labels: Float64Array | undefined;
  /**
   * 1 for eligible rows, the population that models are trained on. A row where that is not known,
   * because a value or a whole column is missing, stays in, so that it is seen.
   */
  readonly isEligible: Uint8Array;
}

/** The columns of a Parquet file with DuckDB's names of their types, in file order. */
export async function readColumnTypes(duckDb: DuckDb, path: string): Promise<TypedColumn[]> {
  return duckDb.rows<{ name: string; type: string }>(
    `SELECT column_name AS name, column_type AS type
     FROM (DESCRIBE SELECT * FROM ${readParquet([path])})`,
  );
}

/** Reads those of the features that a partition has, in file order of its rows. */
export async function readFeatureColumns(
  duckDb: DuckDb,
  partition: PublishedPartition,
  expected: Eligibility & {
    readonly features: readonly { readonly name: string }[];
    readonly label: { readonly name: string };
  },
): Promise<FeatureColumns> {
  const columnTypes = await readColumnTypes(duckDb, partition.path);
  const isThere = (name: string) => columnTypes.some((column) => column.name === name);
  const { features, label, ...eligibility } = expected;
  const present = [...features, label].map(({ name }) => name).filter(isThere);
  const selected = present.map(
    (name) => `coalesce(try_cast(${quoteIdentifier(name)} AS DOUBLE), 'nan'::DOUBLE)`,
  );
  const mark = `(${eligibleCondition(eligibility, isThere)}) IS DISTINCT FROM false`;
  const reader = await duckDb.connection.runAndReadAll(
    `SELECT ${[mark, ...selected].join(', ')} FROM ${readParquet([partition.path])}`,
  );
  const [marks = [], ...columns] = reader.getColumns();
  const byName = new Map(
    columns.map((column, index) => [present[index]!, Float64Array.from(column as number[])]),
  );
  const labels = byName.get(label.name);
  byName.delete(label.name);
  const isEligible = Uint8Array.from(marks, (value) => (value === true ? 1 : 0));
  return { rows: marks.length, columnTypes, features: byName, labels, isEligible };
}

/** The values of the rows marked 1. */
export function selectRows(values: Float64Array, marks: Uint8Array): Float64Array {
  return values.filter((_, row) => marks[row] === 1);
}
