import path from 'node:path';
import { copyIn, copyOut, type TransactionSql } from '../../database';
import { quoteLiteral, type DuckDb } from '../../duckdb';
import type { EpochMicros } from '../../instants';
import { csvRelation } from '../sources/csv-source';
import { cleanedRows, repeatedIds, type PreparedTable } from './prepare-load';
import { FAULTY_PROPERTY, hasProperties } from '../properties/property-types';
import { rawTables } from '../raw-tables';

/** Some rows of a prepared table in two files, both CSV without header. */
export interface SplitRows {
  /** Rows that the table is certain to take as they are: its columns, ingested_at, batch. */
  readonly certain: { readonly file: string; readonly rows: number };
  /** The others: row, reason, the table's columns, ingested_at. */
  readonly doubtful: { readonly file: string; readonly rows: number };
}

export interface RowSplit {
  /** Of the certain rows, the greatest event_time (of users: signup_time) up to a moment; null: any. */
  latestCertain(upTo: EpochMicros | null): Promise<EpochMicros | null>;
  /** Splits the rows whose numbers are in (after, through]. */
  write(after: number, through: number): Promise<SplitRows>;
}

/**
 * Takes apart the rows that need no look at the table, nearly all of a first load, and those that
 * do. In doubt are rows with a fault, rows that share their id with another of the load, rows of a
 * user who is not known or signed up later than some row of the load, and all rows when the table
 * has an id in the range of theirs. So rows with the same id always go the same way.
 *
 * Must run under the load lock, after the load's users are in and before the table's first row.
 */
export async function planSplit(
  tx: TransactionSql,
  duckDb: DuckDb,
  load: {
    prepared: PreparedTable;
    batch: number;
    arrival: string;
    scratch: string;
    /** A condition of DuckDB on further rows that are in doubt. */
    alsoInDoubt?: string;
  },
): Promise<RowSplit> {
  const { prepared } = load;
  const { table } = prepared;
  const { columns, timeColumn } = rawTables[table];
  const cleaned = cleanedRows(prepared);
  const isCertain = await certainSql(tx, duckDb, load);
  const names = columns.map((column) => column.name).join(', ');
  const faulty = hasProperties(table) ? `, ${FAULTY_PROPERTY}` : '';
  const arrival = `coalesce(CAST(ingested_at AS VARCHAR), ${quoteLiteral(load.arrival)})`;
  const write = async (query: string, part: string) => {
    const file = path.join(load.scratch, `${table}.${part}.csv`);
    const [copied] = await duckDb.rows<{ Count: bigint }>(
      `COPY (${query}) TO ${quoteLiteral(file)} (FORMAT csv, HEADER false)`,
    );
    return { file, rows: Number(copied!.Count) };
  };
  return {
    latestCertain: async (upTo) => {
      const end = upTo === null ? '' : `AND epoch_us(${timeColumn}) <= ${upTo}::BIGINT`;
      const [found] = await duckDb.rows<{ latest: EpochMicros | null }>(
        `SELECT max(epoch_us(${timeColumn})) AS latest FROM ${cleaned} WHERE ${isCertain} ${end}`,
      );
      return found!.latest;
    },
    write: async (after, through) => {
      const rows = `FROM ${cleaned} WHERE "row" > ${after} AND "row" <= ${through}`;
      const certain = await write(
        `SELECT ${names}, ${arrival}, ${load.batch} ${rows} AND ${isCertain}`,
        `certain.${after}`,
      );
      const doubtful = await write(
        `SELECT "row", "reason", ${names}, ingested_at ${faulty} ${rows} AND NOT (${isCertain})`,
        `doubtful.${after}`,
      );
      return { certain, doubtful };
    },
  };
}

/** A condition of DuckDB on the cleaned rows; it is never null. */
async function certainSql(
  tx: TransactionSql,
  duckDb: DuckDb,
  { prepared, alsoInDoubt }: { prepared: PreparedTable; alsoInDoubt?: string },
): Promise<string> {
  const { table, references } = prepared;
  if (await mayBeKnown(tx, prepared)) return 'false';
  const isDoubtful =
    references === null ? null : await findDoubtfulUsers(tx, duckDb, { table, references });
  return [
    '"reason" IS NULL',
    ...(alsoInDoubt === undefined ? [] : [`NOT (${alsoInDoubt})`]),
    `${rawTables[table].key} NOT IN (FROM ${repeatedIds(table)})`,
    ...(isDoubtful === null ? [] : [`user_id NOT IN (FROM ${isDoubtful})`]),
  ].join(' AND ');
}

/** One look at the index instead of one per row; ids that grow with time go straight in. */
async function mayBeKnown(tx: TransactionSql, { table, ids }: PreparedTable): Promise<boolean> {
  if (ids === null) return true;
  const known = await tx.unsafe(
    `SELECT FROM raw_data.${table} WHERE ${rawTables[table].key} BETWEEN $1 AND $2 LIMIT 1`,
    [ids.least, ids.greatest],
  );
  return known.length > 0;
}

/**
 * They may be many, so they go from Postgres to DuckDB in a file.
 *
 * @returns the table of DuckDB that has them; null when there are none.
 */
async function findDoubtfulUsers(
  tx: TransactionSql,
  duckDb: DuckDb,
  { table, references }: { table: PreparedTable['table']; references: string },
): Promise<string | null> {
  const name = `references_of_${table}`;
  await tx.unsafe(
    `CREATE TEMPORARY TABLE ${name} (user_id text COLLATE "C", event_time timestamptz) ON COMMIT DROP`,
  );
  await copyIn(tx, `COPY ${name} FROM STDIN (FORMAT csv)`, references);
  const doubtful = `doubtful_users_of_${table}`;
  const found = await tx.unsafe(
    `CREATE TEMPORARY TABLE ${doubtful} ON COMMIT DROP AS
     SELECT r.user_id FROM ${name} AS r LEFT JOIN raw_data.users AS u ON u.user_id = r.user_id
     WHERE u.user_id IS NULL OR r.event_time < u.signup_time`,
  );
  if (found.count === 0) return null;
  const file = `${references}.doubtful`;
  await copyOut(tx, `COPY ${doubtful} TO STDOUT (FORMAT csv, HEADER)`, file);
  await duckDb.run(`CREATE OR REPLACE TEMPORARY TABLE ${doubtful} AS FROM ${csvRelation(file, 1)}`);
  return doubtful;
}
