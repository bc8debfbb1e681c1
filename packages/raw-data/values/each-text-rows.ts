import type { DuckDb } from '../../duckdb';
import { malformedFile } from '../sources/malformed-file';
import { refuse } from '../sources/refuse-import';
import type { SourceFile } from '../sources/source-file';
import type { ImportTable } from '../raw-tables';
import { presentSql, trimmedSql } from './text-sql';

/**
 * Reads small files that come with the tables of an import: the texts of some columns, trimmed, null
 * where they are missing or the file has no such column. Calls `take` once per file, with its rows.
 *
 * @param words  Which words stand for a missing value; see `presentSql`.
 * @throws ChurnError INVALID_IMPORT naming the file, for one that is malformed and for a RangeError of
 *   `take`.
 */
export async function eachTextRows<Name extends string>(
  duckDb: DuckDb,
  files: readonly SourceFile<ImportTable>[],
  { names, words }: { readonly names: readonly Name[]; readonly words: 'names' | 'numbers' },
  take: (rows: readonly Readonly<Record<Name, string | null>>[]) => void,
): Promise<void> {
  for (const { label, relation, columns } of files) {
    const value = (name: Name) => `CAST(${columns.get(name)?.identifier ?? 'NULL'} AS VARCHAR)`;
    const list = (of: (name: Name) => string) =>
      names.map((name) => `${of(name)} AS "${name}"`).join(', ');
    const rows = await duckDb
      .rows<Record<Name, string | null>>(
        `SELECT ${list((name) => presentSql(`"${name}"`, words))}
         FROM (SELECT ${list((name) => trimmedSql(`"${name}"`))} FROM (SELECT ${list(value)} FROM ${relation}))`,
      )
      .catch((error: unknown) => {
        throw malformedFile(label, error);
      });
    try {
      take(rows);
    } catch (error) {
      throw error instanceof RangeError ? refuse(`${label}, ${error.message}`, error) : error;
    }
  }
}
