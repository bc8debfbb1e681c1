import {
  perTable,
  type ImportTable,
  type PerTable,
  type PropertyType,
  type RawTable,
} from '../raw-tables';
import type { FileCompression, FileFormat, SourceFile } from './source-file';

/** A property that an import found in its files. */
export interface FoundProperty {
  readonly table: RawTable;
  readonly name: string;
  /** Null while no load has brought a value. */
  readonly type: PropertyType | null;
  /** Whether an earlier load settled its type; otherwise this one does. */
  readonly known: boolean;
}

export interface LoadedFile {
  /** In the import folder. */
  readonly path: string;
  readonly table: ImportTable;
  readonly format: FileFormat;
  readonly compression: FileCompression;
  /** The names of the attributes that it has columns for. */
  readonly attributes: readonly string[];
  /** Columns that mean nothing here, as the file calls them. */
  readonly ignored_columns: readonly string[];
}

/** What an import found in its folder; nothing of a generated load. */
export interface SourceReport {
  /** In the order in which they were read. */
  readonly files: readonly LoadedFile[];
  /** Files that came along and are known to hold no rows. */
  readonly ignored_files: readonly string[];
  /** The ignored columns of a table's files, each once. */
  readonly ignored_columns: PerTable<readonly string[]>;
  /** The properties of events that the files have, by table and name. */
  readonly properties: readonly FoundProperty[];
}

export function describeSources(
  sources: readonly SourceFile<ImportTable>[],
  companions: readonly string[],
  properties: readonly FoundProperty[] = [],
): SourceReport {
  return {
    files: sources.map(({ label, table, format, compression, attributes, ignoredColumns }) => ({
      path: label,
      table,
      format,
      compression,
      attributes: [...attributes.keys()],
      ignored_columns: ignoredColumns,
    })),
    ignored_files: companions,
    ignored_columns: perTable((table) => [
      ...new Set(
        sources
          .filter((source) => source.table === table)
          .flatMap((source) => source.ignoredColumns),
      ),
    ]),
    properties,
  };
}
