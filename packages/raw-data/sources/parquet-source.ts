import {
  parquetRowCounts,
  quoteFile,
  quoteIdentifier,
  readParquet,
  saidByDuckDb,
  type DuckDb,
} from '../../duckdb';
import { kindOfColumn, type ImportTable } from '../raw-tables';
import type { ChooseColumns, OfferedColumn } from './choose-columns';
import { DECIMAL_DIGITS_MAX, problemOfType } from './column-types';
import type { ListedFile } from './list-import-folder';
import { refuse } from './refuse-import';
import type { SourceColumn, SourceFile } from './source-file';

/** A Parquet file of an import folder; only its footer is read. */
export async function describeParquet(
  duckDb: DuckDb,
  listed: ListedFile,
  choose: ChooseColumns,
): Promise<SourceFile<ImportTable>> {
  const { table, label, file } = listed;
  const relation = readParquet([file]);
  const offered = await offeredBy(duckDb, file, relation).catch((error: unknown) => {
    if (saidByDuckDb(error) === undefined) throw error;
    throw refuse(`${label} is not a readable Parquet file`, error);
  });
  const chosen = choose(offered);
  for (const [name, { type = '' }] of chosen.columns) {
    requireUsable(label, name, problemOfType(kindOfColumn(table, name), type), type);
  }
  for (const [name, { type = '' }] of chosen.attributes) {
    requireUsable(label, `a_${name}`, problemOfType('attribute_value', type), type);
  }
  for (const { nameInFile = '', type = '' } of chosen.properties.values()) {
    requireUsable(label, nameInFile, problemOfType('properties', type), type);
  }
  const [rowsAbout] = await parquetRowCounts(duckDb, [file]);
  const found = { file, readsFrom: file, rowsAbout, relation };
  return { table, label, format: 'parquet', compression: 'none', ...found, ...chosen };
}

function requireUsable(
  label: string,
  name: string,
  problem: string | undefined,
  type: string,
): void {
  if (problem === undefined) return;
  throw refuse(`${label} has column ${name} with the type ${type}, which ${problem}`);
}

/** DuckDB calls one of two columns that differ by case alone otherwise; the file's names count. */
async function offeredBy(duckDb: DuckDb, file: string, relation: string): Promise<OfferedColumn[]> {
  const described = await duckDb.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${relation}`,
  );
  const columns = await topLevelColumns(duckDb, file);
  return described.map(({ column_name: identifier, column_type }, index) => {
    const type = columns[index]?.wideDecimal ?? column_type;
    return {
      name: (columns[index]?.name ?? identifier).trim(),
      nameInFile: columns[index]?.name,
      identifier: quoteIdentifier(identifier),
      type,
      times: parquetTimes(type),
    };
  });
}

interface TopLevelColumn {
  readonly name: string;
  /** The type of a decimal with more digits than DuckDB has, which reads it as a wrong DOUBLE. */
  readonly wideDecimal: string | undefined;
}

async function topLevelColumns(duckDb: DuckDb, file: string): Promise<TopLevelColumn[]> {
  const [root, ...elements] = await duckDb.rows<{
    name: string;
    children: bigint | null;
    wide_decimal: string | null;
  }>(
    `SELECT name, num_children AS children,
       CASE WHEN precision > ${DECIMAL_DIGITS_MAX} THEN 'DECIMAL(' || precision || ',' || coalesce(scale, 0) || ')' END AS wide_decimal
     FROM parquet_schema(${quoteFile(file)})`,
  );
  const columns: TopLevelColumn[] = [];
  let next = 0;
  const skip = (): void => {
    const { children } = elements[next++]!;
    for (let child = 0; child < Number(children ?? 0); child += 1) skip();
  };
  for (let column = 0; column < Number(root?.children ?? 0); column += 1) {
    const { name, wide_decimal: wideDecimal } = elements[next]!;
    columns.push({ name, wideDecimal: wideDecimal ?? undefined });
    skip();
  }
  return columns;
}

function parquetTimes(type: string): SourceColumn['times'] {
  if (type === 'TIMESTAMP WITH TIME ZONE') return 'timestamptz';
  if (type === 'TIMESTAMP_NS') return 'nanoseconds';
  return type === 'VARCHAR' ? 'text' : 'timestamp';
}
