import { lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../../contracts';
import { quoteFile, quoteIdentifier, readParquet, saidByDuckDb, type DuckDb } from '../../duckdb';
import { systemCode } from '../../durable-files';
import { kindOfColumn, rawTableNames, rawTables, type RawTable } from '../raw-tables';
import { problemOfType } from './column-types';
import { readCsvHeader } from './read-csv-header';
import type { SourceColumn, SourceFile } from './source-file';

/**
 * The files of an import folder, each with its table and columns, in the tables' order; of a table
 * in bytewise order of their paths. Nothing but headers is read.
 *
 * @throws ChurnError INVALID_IMPORT naming the file and column that is missing or not usable.
 */
export async function findSourceFiles(duckDb: DuckDb, folder: string): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const table of rawTableNames) {
    const file = await findFile(folder, table);
    if (file) found.push(await describeFile(duckDb, table, file));
  }
  return found;
}

async function findFile(folder: string, table: RawTable): Promise<string | null> {
  const candidates = [path.join(folder, `${table}.csv`), path.join(folder, `${table}.parquet`)];
  const present = await Promise.all(candidates.map(isThere));
  const files = candidates.filter((_, index) => present[index]);
  if (files.length > 1) throw refuse(`${table}.csv and ${table}.parquet are both there; keep one`);
  if (files.length === 0 && table === 'users') {
    throw refuse(`users.csv (or users.parquet) is missing in ${path.basename(folder)}`);
  }
  return files[0] ?? null;
}

/** What is there and can't be read is not left out: the folder would count as loaded without it. */
async function isThere(file: string): Promise<boolean> {
  const found = await lstat(file).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw refuse(`${path.basename(file)} can't be read (${systemCode(error)})`, error);
  });
  if (found === null) return false;
  const isFile = await stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isFile) throw refuse(`${path.basename(file)} is not a file`);
  return true;
}

async function describeFile(duckDb: DuckDb, table: RawTable, file: string): Promise<SourceFile> {
  return file.endsWith('.csv')
    ? describeCsv(table, file)
    : await describeParquet(duckDb, table, file);
}

async function describeCsv(table: RawTable, file: string): Promise<SourceFile> {
  const label = path.basename(file);
  const header = await readCsvHeader(file).catch((error: NodeJS.ErrnoException) => {
    throw refuse(`${label} can't be read (${error.code ?? error.message})`);
  });
  if (header === null) throw refuse(`${label} has no header line`);
  const offered = header.map((name, index): OfferedColumn => ({
    name,
    identifier: quoteIdentifier(`c${index}`),
    times: 'text',
  }));
  return {
    table,
    label,
    format: 'csv' as const,
    compression: 'none' as const,
    relation: csvRelation(file, header.length),
    ...chooseColumns(table, label, offered),
  };
}

/** `read_csv` of a file with a header, its columns named c0, c1, … and all of them text. */
export function csvRelation(file: string, columnCount: number): string {
  const names = Array.from({ length: columnCount }, (_, index) => `'c${index}': 'VARCHAR'`);
  return `read_csv(${quoteFile(file)}, auto_detect = false, header = true, delim = ',',
    quote = '"', escape = '"', comment = '', null_padding = false, strict_mode = true,
    columns = {${names.join(', ')}})`;
}

async function describeParquet(duckDb: DuckDb, table: RawTable, file: string) {
  const label = path.basename(file);
  const relation = readParquet([file]);
  const columns = await duckDb
    .rows<{ column_name: string; column_type: string }>(`DESCRIBE SELECT * FROM ${relation}`)
    .catch((error: unknown) => {
      if (saidByDuckDb(error) === undefined) throw error;
      throw refuse(`${label} is not a readable Parquet file`, error);
    });
  const offered = columns.map(({ column_name: name, column_type: type }): OfferedColumn => ({
    name,
    identifier: quoteIdentifier(name),
    type,
    times: parquetTimes(type),
  }));
  return {
    table,
    label,
    format: 'parquet' as const,
    compression: 'none' as const,
    file,
    relation,
    ...chooseColumns(table, label, offered),
  };
}

interface OfferedColumn extends SourceColumn {
  readonly name: string;
}

function parquetTimes(type: string): SourceColumn['times'] {
  if (type === 'TIMESTAMP WITH TIME ZONE') return 'timestamptz';
  if (type === 'TIMESTAMP_NS') return 'nanoseconds';
  return type === 'VARCHAR' ? 'text' : 'timestamp';
}

type ChosenColumns = Pick<SourceFile, 'columns' | 'ignoredColumns'>;

function chooseColumns(
  table: RawTable,
  label: string,
  offered: readonly OfferedColumn[],
): ChosenColumns {
  const { columns } = rawTables[table];
  const known = new Set([...columns.map((column) => column.name), 'ingested_at']);
  if (table === 'billing_events') known.add('amount');
  const chosen = new Map<string, SourceColumn>();
  for (const column of offered) {
    if (!known.has(column.name)) continue;
    if (chosen.has(column.name)) throw refuse(`${label} has column ${column.name} twice`);
    refuseUnusableType(table, label, column);
    const { name, ...found } = column;
    chosen.set(name, found);
  }
  requireColumns(table, label, chosen);
  const ignored = offered.map((column) => column.name).filter((name) => !known.has(name));
  return { columns: chosen, ignoredColumns: ignored };
}

function requireColumns(table: RawTable, label: string, chosen: ChosenColumns['columns']): void {
  if (chosen.has('amount') && chosen.has('amount_cents')) {
    throw refuse(`${label} has both amount and amount_cents; keep one`);
  }
  for (const { name, optional } of rawTables[table].columns) {
    if (optional || chosen.has(name) || (name === 'amount_cents' && chosen.has('amount'))) continue;
    const wanted = name === 'amount_cents' ? 'amount_cents (or amount)' : name;
    throw refuse(`${label} has no column ${wanted}`);
  }
}

/** A Parquet column whose type can't hold what the column means is malformed as a whole. */
function refuseUnusableType(table: RawTable, label: string, column: OfferedColumn): void {
  const { type, name } = column;
  const problem = type && problemOfType(kindOfColumn(table, name), type);
  if (problem) throw refuse(`${label} has column ${name} with the type ${type}, which ${problem}`);
}

/** The one way an import is refused: nothing has been changed. */
export function refuse(problem: string, cause?: unknown): ChurnError {
  return new ChurnError('INVALID_IMPORT', { problem }, { cause });
}
