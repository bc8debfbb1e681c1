import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TransactionSql } from 'postgres';
import { readParquet } from '../../packages/duckdb/open-duckdb';
import type { Application } from '../../packages/application/application';
import {
  mayHaveAttributes,
  rawTableNames,
  rawTables,
  type RawTable,
} from '../../packages/raw-data/raw-tables';
import { batchFolder } from './accept-world';
import { writeCsv } from './write-csv';

interface Definition {
  readonly drop: string;
  readonly make: string;
}

interface Filling {
  /** Where the world's files are; default: the folder of batch 1. */
  readonly folder?: string;
  /** SQL for a row's batch; null for one that is left out. Default: the one that it has. */
  readonly batchOf?: (table: RawTable) => string;
}

/**
 * Copies a world into the raw tables, so that a later load finds tables and indexes of their real
 * size. Not a load: nothing is validated, and indexes and keys are made afterwards.
 */
export async function fillRawTables(
  application: Application,
  { folder = batchFolder(application, 1), batchOf = () => 'batch' }: Filling = {},
): Promise<void> {
  const { database, paths } = application.adapters;
  await database.sql.begin(async (tx) => {
    await tx`set local maintenance_work_mem = '512MB'`;
    const definitions = await definitionsOf(tx);
    for (const { drop } of definitions) await tx.unsafe(drop);
    for (const table of rawTableNames.filter(mayHaveAttributes)) {
      const file = path.join(paths.scratch, `fill-${table}.csv`);
      const rows = readParquet([path.join(folder, `${table}.parquet`)]);
      const columns = columnsOf(table);
      const query = `SELECT ${columns.join(', ')}, (${batchOf(table)})::INTEGER AS batch FROM ${rows}
        WHERE (${batchOf(table)}) IS NOT NULL`;
      await writeCsv(application, { query, file, readsFrom: folder });
      await copyCsvFile(tx, { table: `raw_data.${table}`, file, columns: [...columns, 'batch'] });
      await rm(file);
    }
    for (const { make } of [...definitions].reverse()) await tx.unsafe(make);
  });
  await database.sql`analyze`;
}

/** Those that a world has; its events have no properties. */
function columnsOf(table: RawTable): string[] {
  const columns = rawTables[table].columns.filter(({ kind }) => kind !== 'properties');
  return [...columns.map(({ name }) => name), 'ingested_at'];
}

/** COPY of a CSV file with a header. */
export async function copyCsvFile(
  tx: TransactionSql,
  { table, file, columns }: { table: string; file: string; columns: readonly string[] },
): Promise<void> {
  const names = columns.join(', ');
  const copy = await tx
    .unsafe(`COPY ${table} (${names}) FROM STDIN (FORMAT csv, HEADER)`)
    .writable();
  await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), copy);
}

/** Constraints and indexes of the raw tables in the order in which they can be dropped. */
async function definitionsOf(tx: TransactionSql): Promise<Definition[]> {
  const tables = rawTableNames as readonly RawTable[] as RawTable[];
  const constraints = await tx<Definition[]>`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname,
        pg_get_constraintdef(oid)) as make
    from pg_constraint where connamespace = 'raw_data'::regnamespace and contype in ('f', 'p')
      and conrelid::regclass::text = any(${tables.map((table) => `raw_data.${table}`)})
    order by contype`;
  const indexes = await tx<Definition[]>`
    select format('drop index %I.%I', schemaname, indexname) as drop, indexdef as make
    from pg_indexes where schemaname = 'raw_data' and tablename = any(${tables})
      and indexname not in (select conname from pg_constraint)`;
  return [...constraints, ...indexes];
}
