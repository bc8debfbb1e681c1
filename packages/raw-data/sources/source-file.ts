import type { ImportTable, RawTable } from '../raw-tables';

/** Integers since 1970, in a column whose values leave no doubt about the unit. */
export type EpochUnit =
  'epoch-seconds' | 'epoch-milliseconds' | 'epoch-microseconds' | 'epoch-nanoseconds';

/**
 * How a source writes times: `text` is ISO 8601; `micros` and `nanos` are integers since 1970, of any
 * year; `timestamp`, `timestamptz` and `nanoseconds` are DuckDB's types of a Parquet column, and
 * `int96` is the twelve bytes of one.
 */
export type TimeEncoding =
  'text' | EpochUnit | 'micros' | 'nanos' | 'timestamp' | 'timestamptz' | 'nanoseconds' | 'int96';

export interface SourceColumn {
  /** The quoted SQL identifier of the column in the relation. */
  readonly identifier: string;
  readonly times: TimeEncoding;
  /** DuckDB's type of a Parquet column, exactly; absent where every value is text. */
  readonly type?: string;
  /** What a Parquet file calls it, where DuckDB may call it otherwise: twins by case. */
  readonly nameInFile?: string;
}

export type FileFormat = 'csv' | 'json' | 'parquet';

/** What a whole file is packed with; what Parquet does inside is not said. */
export type FileCompression = 'none' | 'gzip' | 'zstd';

/**
 * One file of a source, its columns found and checked, ready for DuckDB to read. A table may come
 * from several, each with columns of its own; their rows follow each other in the files' order.
 */
export interface SourceFile<Table extends ImportTable = RawTable> {
  readonly table: Table;
  /** What people know it by: its path in the import folder, or the table's name for generated rows. */
  readonly label: string;
  readonly format: FileFormat;
  readonly compression: FileCompression;
  /** The path of a Parquet file, whose footer says more than DuckDB does. */
  readonly file?: string;
  /** A SQL relation whose rows come in the source's order. */
  readonly relation: string;
  /** The file that the relation reads: the source itself, or what it was rewritten to. */
  readonly readsFrom?: string;
  /** How many rows it has; of a text, how many lines, which is about the same. */
  readonly rowsAbout?: number;
  /** By canonical name; `amount` stands for amount_cents in currency units. */
  readonly columns: ReadonlyMap<string, SourceColumn>;
  /** The columns of an event's properties, by the properties' names; see `hasPrefix`. */
  readonly properties: ReadonlyMap<string, SourceColumn>;
  /** The columns of attributes of the rows' users, by the attributes' names; see `hasPrefix`. */
  readonly attributes: ReadonlyMap<string, SourceColumn>;
  /** Columns that mean nothing here, as the file calls them. */
  readonly ignoredColumns: readonly string[];
}

export function carriesArrival(source: SourceFile): boolean {
  return source.columns.has('ingested_at');
}
