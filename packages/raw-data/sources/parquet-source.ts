import { quoteFile, quoteIdentifier, readParquet, saidByDuckDb, type DuckDb } from '../../duckdb';
import { kindOfColumn } from '../raw-tables';
import { chooseColumns, type OfferedColumn } from './choose-columns';
import { problemOfType } from './column-types';
import type { ListedFile } from './list-import-folder';
import { refuse } from './refuse-import';
import type { SourceColumn, SourceFile } from './source-file';

/** A Parquet file of an import folder; only its footer is read. */
export async function describeParquet(duckDb: DuckDb, listed: ListedFile): Promise<SourceFile> {
  const { table, label, file } = listed;
  const relation = readParquet([file]);
  const offered = await offeredBy(duckDb, file, relation).catch((error: unknown) => {
    if (saidByDuckDb(error) === undefined) throw error;
    throw refuse(`${label} is not a readable Parquet file`, error);
  });
  const chosen = chooseColumns(table, label, offered);
  for (const [name, { type = '' }] of chosen.columns) {
    const problem = problemOfType(kindOfColumn(table, name), type);
    if (problem) {
      throw refuse(`${label} has column ${name} with the type ${type}, which ${problem}`);
    }
  }
  return { table, label, format: 'parquet', compression: 'none', file, relation, ...chosen };
}

/** DuckDB calls one of two columns that differ by case alone otherwise; the file's names count. */
async function offeredBy(duckDb: DuckDb, file: string, relation: string): Promise<OfferedColumn[]> {
  const described = await duckDb.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${relation}`,
  );
  const names = await topLevelNames(duckDb, file);
  return described.map(({ column_name: identifier, column_type: type }, index) => ({
    name: (names[index] ?? identifier).trim(),
    nameInFile: names[index],
    identifier: quoteIdentifier(identifier),
    type,
    times: parquetTimes(type),
  }));
}

async function topLevelNames(duckDb: DuckDb, file: string): Promise<string[]> {
  const [root, ...elements] = await duckDb.rows<{ name: string; children: bigint | null }>(
    `SELECT name, num_children AS children FROM parquet_schema(${quoteFile(file)})`,
  );
  const names: string[] = [];
  let next = 0;
  const skip = (): void => {
    const { children } = elements[next++]!;
    for (let child = 0; child < Number(children ?? 0); child += 1) skip();
  };
  for (let column = 0; column < Number(root?.children ?? 0); column += 1) {
    names.push(elements[next]!.name);
    skip();
  }
  return names;
}

function parquetTimes(type: string): SourceColumn['times'] {
  if (type === 'TIMESTAMP WITH TIME ZONE') return 'timestamptz';
  if (type === 'TIMESTAMP_NS') return 'nanoseconds';
  return type === 'VARCHAR' ? 'text' : 'timestamp';
}
