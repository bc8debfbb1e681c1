import type { RawTable } from '../raw-tables';

/**
 * How a source writes times: `text` is ISO 8601, `micros` an integer of epoch microseconds, the
 * others are DuckDB's types of a Parquet column.
 */
export type TimeEncoding = 'text' | 'micros' | 'timestamp' | 'timestamptz' | 'nanoseconds';

export interface SourceColumn {
  /** The quoted SQL identifier of the column in the relation. */
  readonly identifier: string;
  readonly times: TimeEncoding;
}

/** One file of a source, its columns found and checked, ready for DuckDB to read. */
export interface SourceFile {
  readonly table: RawTable;
  /** What people know it by: the file's name, or the table's for generated rows. */
  readonly label: string;
  /** A SQL relation whose rows come in the source's order. */
  readonly relation: string;
  /** By canonical name; `amount` stands for amount_cents in currency units. */
  readonly columns: ReadonlyMap<string, SourceColumn>;
  readonly ignoredColumns: readonly string[];
}

export function carriesArrival(source: SourceFile): boolean {
  return source.columns.has('ingested_at');
}
