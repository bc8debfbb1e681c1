import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { copyToParquet, quoteLiteral, readParquet, type DuckDb } from '../duckdb';
import { asStorageError, moveIntoPlace, syncToDisk } from '../durable-files';
import type { DriftMetric } from './drift-report';

const columnTypes = {
  date: 'DATE',
  subject: 'VARCHAR',
  metric: 'VARCHAR',
  value: 'DOUBLE',
  threshold: 'DOUBLE',
  status: 'VARCHAR',
  model_version: 'VARCHAR',
  reference_rows: 'BIGINT',
  rows: 'BIGINT',
} as const satisfies Record<keyof DriftMetric, string>;

const columnNames = Object.keys(columnTypes) as (keyof DriftMetric)[];

/** Where the log of a day lies: `year=2024/month=01/day=05.parquet`. */
export function driftLogPath(driftLogsDir: string, date: string): string {
  const [year, month, day] = date.split('-');
  return path.join(driftLogsDir, `year=${year}`, `month=${month}`, `day=${day}.parquet`);
}

/**
 * Writes the metrics of a day as one Parquet file, in their order; an earlier log of that day is
 * replaced by rename. The same metrics give the same bytes.
 *
 * @throws ChurnError STORAGE_UNAVAILABLE when the folder can't be written.
 */
export async function writeDriftLog(options: {
  readonly date: string;
  readonly metrics: readonly DriftMetric[];
  readonly driftLogsDir: string;
  readonly openDuckDb: () => Promise<DuckDb>;
}): Promise<string> {
  const file = driftLogPath(options.driftLogsDir, options.date);
  // Not ending in .parquet, so that no reader's glob sees it.
  const temporary = `${file}.${randomUUID()}.tmp`;
  const duckDb = await options.openDuckDb();
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await duckDb.run(copyToParquet(toQuery(options.metrics), temporary));
    await moveIntoPlace(temporary, file);
    await syncToDisk(path.dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw asStorageError(error);
  } finally {
    duckDb.close();
  }
  return file;
}

function toQuery(metrics: readonly DriftMetric[]): string {
  const casts = columnNames.map((name) => `CAST("${name}" AS ${columnTypes[name]}) AS "${name}"`);
  const rows = metrics.map((row) => `(${columnNames.map((name) => toSql(row[name])).join(', ')})`);
  const none = `(${columnNames.map(() => 'NULL').join(', ')})`;
  const names = columnNames.map((name) => `"${name}"`).join(', ');
  return `SELECT ${casts.join(', ')}
    FROM (VALUES ${rows.length > 0 ? rows.join(', ') : none}) AS t(${names})
    ${rows.length > 0 ? '' : 'LIMIT 0'}`;
}

/** All values go as text: DuckDB's cast reads the shortest form of a double exactly. */
function toSql(value: string | number | null): string {
  return value === null ? 'NULL' : quoteLiteral(String(value));
}

/** The metrics of a day in their order, or null when that day has no log. */
export async function readDriftLog(options: {
  readonly date: string;
  readonly driftLogsDir: string;
  readonly openDuckDb: () => Promise<DuckDb>;
}): Promise<DriftMetric[] | null> {
  const file = driftLogPath(options.driftLogsDir, options.date);
  if (!existsSync(file)) return null;
  const duckDb = await options.openDuckDb();
  try {
    return await duckDb.rows<DriftMetric>(
      `SELECT * REPLACE (date::VARCHAR AS date, reference_rows::DOUBLE AS reference_rows,
         rows::DOUBLE AS rows) FROM ${readParquet([file])}`,
    );
  } finally {
    duckDb.close();
  }
}
