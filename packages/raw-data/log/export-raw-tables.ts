import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../../contracts';
import { throwDatabaseError, type Database } from '../../database';
import { copyToParquet, quoteLiteral } from '../../duckdb';
import { dumpFile, dumpTables, segmentColumns, segmentOrder, selectDump } from './dump-table';
import {
  makeFolder,
  publishFolder,
  storageError,
  systemCode,
  writeDurably,
} from '../../durable-files';
import {
  exportedDeclarations,
  exportedPropertyColumns,
  type ExportFormat,
} from '../properties/exported-properties';
import type { PropertyTypes } from '../properties/property-types';
import { readSettledProperties } from '../properties/settled-properties';
import { rawTableNames, type PerTable, type RawTable } from '../raw-tables';
import { withDuckDb, withScratch, type OpenDuckDb } from '../scratch';

export interface ExportOptions {
  readonly database: Database;
  /** Must not exist yet, or be empty. */
  readonly folder: string;
  readonly format: ExportFormat;
  readonly scratchDir: string;
  readonly openDuckDb: OpenDuckDb;
}

/**
 * Writes the raw tables, as of one moment, in the import format with their arrival times:
 * importing the folder into an empty installation gives the same rows, and the same types of
 * properties, which `properties.csv` declares. The folder appears at once,
 * whole.
 *
 * @returns how many rows each file has.
 * @throws ChurnError INVALID_REQUEST when the folder holds something, STORAGE_UNAVAILABLE when it
 *   can't be written.
 */
export async function exportRawTables(options: ExportOptions): Promise<PerTable<number>> {
  const folder = path.resolve(options.folder);
  await requireEmpty(folder);
  const temporary = path.join(
    path.dirname(folder),
    `.${path.basename(folder)}.${randomUUID()}.tmp`,
  );
  await makeFolder(temporary);
  try {
    const rows = await writeTables(options, temporary);
    if (!(await publishFolder(temporary, folder))) throw notEmpty(folder);
    return rows;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    if (systemCode(error) === 'ENOTDIR') return ['a file'];
    throw storageError(error);
  });
  if (names.length > 0) throw notEmpty(folder);
}

function notEmpty(folder: string): ChurnError {
  const problem = `${path.basename(folder)} is not an empty folder; choose another`;
  return new ChurnError('INVALID_REQUEST', { problem });
}

async function writeTables(options: ExportOptions, target: string): Promise<PerTable<number>> {
  return withScratch(options.scratchDir, (scratch) =>
    withDuckDb(options.openDuckDb, [target, scratch], async (duckDb) => {
      await dumpTables(options.database, scratch);
      // Types are never taken back: those of all properties that were dumped are there.
      const types = await readSettledProperties(options.database).catch(throwDatabaseError);
      const declarations = exportedDeclarations(types);
      if (declarations !== null) {
        await writeDurably(path.join(target, 'properties.csv'), declarations);
      }
      const counts: Partial<PerTable<number>> = {};
      for (const table of rawTableNames) {
        const dump = dumpFile(scratch, table);
        const file = path.join(target, `${table}.${options.format}`);
        await duckDb.run(copySql(table, { dump, file, ...options, types }));
        const [row] = await duckDb.rows<{ rows: bigint }>(
          `SELECT count(*) AS rows FROM (${selectDump(table, dump)})`,
        );
        counts[table] = Number(row!.rows);
      }
      return counts as PerTable<number>;
    }),
  );
}

function copySql(
  table: RawTable,
  options: { dump: string; file: string; format: ExportFormat; types: PropertyTypes },
): string {
  const { dump, file, format, types } = options;
  const columns = segmentColumns(table).filter(
    ({ name }) => name !== 'batch' && name !== 'properties',
  );
  const values = columns.map(({ name, type }) =>
    format === 'csv' && type === 'TIMESTAMP WITH TIME ZONE'
      ? `strftime(make_timestamp(epoch_us(${name})), '%Y-%m-%dT%H:%M:%S.%fZ') AS ${name}`
      : name,
  );
  values.push(...exportedPropertyColumns('properties', types.get(table) ?? new Map(), format));
  const query = `SELECT ${values.join(', ')} FROM (SELECT * FROM (${selectDump(table, dump)})
    ORDER BY ${segmentOrder(table)})`;
  return format === 'parquet'
    ? copyToParquet(query, file, 'log')
    : `COPY (${query}) TO ${quoteLiteral(file)} (FORMAT csv, HEADER true)`;
}
