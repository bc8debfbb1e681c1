import { readParquet, type DuckDb } from '../../duckdb';
import { refuse } from '../sources/refuse-import';
import { rawTables } from '../raw-tables';
import type { EpochUnit, SourceColumn, SourceFile } from '../sources/source-file';
import { epochUnits, isInUnitSql } from './epoch-sql';
import {
  copyWithPlainTimes,
  inexactTimes,
  readParquetFooter,
  type InexactTimes,
  type ParquetFooter,
} from './exact-parquet-times';
import { presentSql, trimmedSql } from './text-sql';

/**
 * Finds out what only the values or the footer of a file say about its times: the unit of integers,
 * and whether DuckDB would cut them to microseconds. Then the file is copied, with a footer by which
 * it does not.
 *
 * @param copy  Where to copy it to.
 * @throws ChurnError INVALID_IMPORT for a column of integers that are not certainly times.
 */
export async function settleTimes(
  duckDb: DuckDb,
  source: SourceFile,
  copy: string,
): Promise<SourceFile> {
  const exact = await withExactTimes(source, copy);
  const columns = new Map(exact.columns);
  for (const name of timeColumns(exact)) {
    const column = columns.get(name)!;
    if (column.times !== 'text' && !isInteger(column)) continue;
    const unit = await epochUnitOf(duckDb, exact.relation, column);
    if (unit !== undefined) columns.set(name, { ...column, times: unit });
    else if (isInteger(column)) throw refuse(uncertainUnit(source, name, column.type));
  }
  return { ...exact, columns };
}

function uncertainUnit({ label }: SourceFile, name: string, type = 'integers'): string {
  return `${label} has column ${name} with the type ${type}, but its values do not tell one unit: none of them, or some in one unit and some in another, give a year from 1980 to 2099 as seconds, milliseconds, microseconds or nanoseconds since 1970; write times as text or as a Parquet timestamp`;
}

function timeColumns({ table, columns }: SourceFile): string[] {
  return [rawTables[table].timeColumn, 'ingested_at'].filter((name) => columns.has(name));
}

function isInteger({ type }: SourceColumn): boolean {
  return type !== undefined && /INT|^DECIMAL/.test(type);
}

/**
 * The unit of a column of integers: typed, or texts of which all are digits. Undefined where it is not
 * certain: no value or values of several units are times in the years 1980 to 2099.
 */
export async function epochUnitOf(
  duckDb: DuckDb,
  relation: string,
  column: Pick<SourceColumn, 'identifier' | 'type'>,
): Promise<EpochUnit | undefined> {
  const isText = column.type === undefined || column.type === 'VARCHAR';
  const value = isText
    ? `(SELECT v FROM (SELECT ${presentSql('t', 'numbers')} AS v FROM (SELECT ${trimmedSql(column.identifier)} AS t FROM ${relation})) WHERE v IS NOT NULL)`
    : `(SELECT CAST(${column.identifier} AS VARCHAR) AS v FROM ${relation} WHERE ${column.identifier} IS NOT NULL)`;
  // A look at the first value spares nearly every file the reading of all.
  const [first] = await duckDb.rows<{ v: string }>(`SELECT v FROM ${value} LIMIT 1`);
  if (first === undefined) return isText ? undefined : 'epoch-seconds'; // No value is in doubt.
  if (!/^-?\d+$/.test(first.v)) return undefined;
  const counts = epochUnits.map(
    (unit) => `count(*) FILTER (${isInUnitSql('n', unit)}) AS "${unit}"`,
  );
  const [found] = await duckDb.rows<Record<EpochUnit, bigint> & { digits: boolean }>(
    `SELECT bool_and(regexp_full_match(v, '-?\\d+')) AS digits, ${counts.join(', ')}
     FROM (SELECT v, TRY_CAST(v AS BIGINT) AS n FROM ${value})`,
  );
  const units = epochUnits.filter((unit) => found![unit] > 0n);
  return found!.digits && units.length === 1 ? units[0] : undefined;
}

/** A source whose times DuckDB reads whole: itself, or a copy with another footer. */
async function withExactTimes(source: SourceFile, copy: string): Promise<SourceFile> {
  const { file } = source;
  const timestamps = timeColumns(source).filter((name) =>
    ['timestamp', 'timestamptz'].includes(source.columns.get(name)!.times),
  );
  if (file === undefined || timestamps.length === 0) return source;
  const footer = await footerOf(source, file);
  const found = inexactTimes(footer);
  const inexact = new Map<string, InexactTimes>();
  const columns = new Map(source.columns);
  for (const name of timestamps) {
    const column = columns.get(name)!;
    const own = nameIn(column);
    const times = found.get(own);
    if (times === undefined) continue;
    inexact.set(own, times);
    columns.set(name, { ...column, times });
  }
  if (inexact.size === 0) return source;
  await copyWithPlainTimes({ file, footer }, inexact, copy);
  return { ...source, columns, relation: readParquet([copy]), readsFrom: copy };
}

async function footerOf({ label }: SourceFile, file: string): Promise<ParquetFooter> {
  try {
    return await readParquetFooter(file);
  } catch (error) {
    throw refuse(`the footer of ${label} can't be read; write its times in microseconds`, error);
  }
}

/** What the file calls a column. */
function nameIn({ identifier, nameInFile }: SourceColumn): string {
  return nameInFile ?? identifier.slice(1, -1).replaceAll('""', '"');
}
