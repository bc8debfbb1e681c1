import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { asDatabaseError, type Database, type TransactionSql } from '../../database';
import { quoteFile } from '../../duckdb';
import { storedPropertiesSql } from '../properties/stored-properties-sql';
import { rawTableNames, rawTables, type ColumnKind, type RawTable } from '../raw-tables';

const duckDbTypes: Readonly<Record<ColumnKind, string>> = {
  id: 'VARCHAR',
  text: 'VARCHAR',
  optional_text: 'VARCHAR',
  billing_type: 'VARCHAR',
  currency: 'VARCHAR',
  amount_cents: 'BIGINT',
  event_time: 'TIMESTAMP',
  attribute_id: 'VARCHAR',
  attribute_name: 'VARCHAR',
  attribute_value: 'VARCHAR',
  properties: 'VARCHAR',
};

interface DumpColumn {
  readonly name: string;
  readonly type: string;
}

/** The columns of the Postgres table as a dump has them: times are naive UTC. */
function dumpColumns(table: RawTable): DumpColumn[] {
  const columns = rawTables[table].columns.map(({ name, kind }) => {
    return { name, type: duckDbTypes[kind] };
  });
  const isProperties = ({ name }: DumpColumn) => name === 'properties';
  return [
    ...columns.filter((column) => !isProperties(column)),
    { name: 'ingested_at', type: 'TIMESTAMP' },
    { name: 'batch', type: 'INTEGER' },
    // Last, as segments that lack it are read; see `segmentRows`.
    ...columns.filter(isProperties),
  ];
}

const INSTANT = 'TIMESTAMP WITH TIME ZONE';

/** The columns of a raw table's segments, with DuckDB's types as it names them. */
export function segmentColumns(table: RawTable): DumpColumn[] {
  return dumpColumns(table).map(({ name, type }) => {
    return { name, type: type === 'TIMESTAMP' ? INSTANT : type };
  });
}

/** Writes a raw table, or the batches from `first` to `last` of it, as CSV for `selectDump` to read. */
export async function dumpTable(
  tx: TransactionSql,
  dump: { table: RawTable; file: string; batches?: { first: number; last: number } },
): Promise<void> {
  const columns = dumpColumns(dump.table).map(({ name, type }) => {
    if (name === 'properties') return storedPropertiesSql(name);
    return type === 'TIMESTAMP' ? `${name} AT TIME ZONE 'UTC'` : name;
  });
  // COPY takes no parameters; batches are numbers.
  const { batches } = dump;
  const which = batches
    ? ` WHERE batch BETWEEN ${Number(batches.first)} AND ${Number(batches.last)}`
    : '';
  const rows = await tx
    .unsafe(
      `COPY (SELECT ${columns.join(', ')} FROM raw_data.${dump.table}${which}) TO STDOUT (FORMAT csv)`,
    )
    .readable();
  await pipeline(rows, createWriteStream(dump.file));
  // postgres.js 3.4.9 pauses the socket when the stream is full and resumes it when more is asked
  // for; if the last row came with the pause, nobody asks again and the next query would hang
  // (https://github.com/porsager/postgres/pull/1016).
  rows._read(0);
}

/** Dumps the raw tables as of one moment into `folder`, each as its `dumpFile`. */
export async function dumpTables(database: Database, folder: string): Promise<void> {
  try {
    await database.sql.begin('isolation level repeatable read', async (tx) => {
      for (const table of rawTableNames) {
        await dumpTable(tx, { table, file: dumpFile(folder, table) });
      }
    });
  } catch (error) {
    throw asDatabaseError(error);
  }
}

export function dumpFile(folder: string, table: RawTable): string {
  return path.join(folder, `${table}.csv`);
}

/** DuckDB SQL: a dumped table with the columns and types of segments, in no order. */
export function selectDump(table: RawTable, file: string): string {
  const columns = dumpColumns(table);
  const types = columns.map(({ name, type }) => `'${name}': '${type}'`).join(', ');
  const values = columns.map(({ name, type }) =>
    type === 'TIMESTAMP' ? `make_timestamptz(epoch_us(${name})) AS ${name}` : name,
  );
  return `SELECT ${values.join(', ')} FROM read_csv(${quoteFile(file)}, auto_detect = false,
    header = false, delim = ',', quote = '"', escape = '"', comment = '', columns = {${types}})`;
}

/** The order of rows in segments and exports; `key` makes it total. */
export function segmentOrder(table: RawTable): string {
  const { key, timeColumn } = rawTables[table];
  return [...new Set(['user_id', timeColumn, key])].join(', ');
}
