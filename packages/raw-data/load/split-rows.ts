import path from 'node:path';
import { copyIn, type TransactionSql } from '../../database';
import { quoteLiteral, type DuckDb } from '../../duckdb';
import type { EpochMicros } from '../../instants';
import { cleanedRows, repeatedIds, type PreparedTable } from './prepare-load';
import { rawTables } from '../raw-tables';

/** The rows of a prepared table in two files, both CSV without header. */
export interface SplitRows {
  /** Rows that the table is certain to take as they are: its columns, ingested_at, batch. */
  readonly certain: {
    readonly file: string;
    readonly rows: number;
    /** The greatest event_time (of users: signup_time) up to `completeBy`; null when there is none. */
    readonly latest: EpochMicros | null;
  };
  /** The others: row, reason, the table's columns, ingested_at. */
  readonly doubtful: { readonly file: string };
}

/**
 * Takes apart the rows that need no look at the table, nearly all of a first load, and those that
 * do. In doubt are rows with a fault, rows that share their id with another of the load, rows of a
 * user who is not known or signed up later than some row of the load, and all rows when the table
 * has an id in the range of theirs. So rows with the same id always go the same way.
 *
 * Must run under the load lock, after the load's users are in.
 */
export async function splitRows(
  tx: TransactionSql,
  duckDb: DuckDb,
  load: {
    prepared: PreparedTable;
    batch: number;
    arrival: string;
    /** Null: no end. */
    completeBy: EpochMicros | null;
    /** A condition of DuckDB on further rows that are in doubt. */
    alsoInDoubt?: string;
  },
): Promise<SplitRows> {
  const { prepared, completeBy } = load;
  const { columns, timeColumn } = rawTables[prepared.table];
  const cleaned = cleanedRows(prepared);
  const isCertain = await certainSql(tx, prepared, load.alsoInDoubt);
  const upTo =
    completeBy === null ? '' : `FILTER (WHERE epoch_us(${timeColumn}) <= ${completeBy}::BIGINT)`;
  const [found] = await duckDb.rows<{ rows: bigint; latest: bigint | null }>(
    `SELECT count(*) AS rows, max(epoch_us(${timeColumn})) ${upTo} AS latest
     FROM ${cleaned} WHERE ${isCertain}`,
  );
  const fileOf = (part: string) =>
    path.join(path.dirname(prepared.parts[0]!.file), `${prepared.table}.${part}.csv`);
  const [certain, doubtful] = [fileOf('certain'), fileOf('doubtful')];
  const names = columns.map((column) => column.name).join(', ');
  const arrival = `coalesce(CAST(ingested_at AS VARCHAR), ${quoteLiteral(load.arrival)})`;
  await duckDb.run(
    `COPY (SELECT ${names}, ${arrival}, ${load.batch} FROM ${cleaned} WHERE ${isCertain})
       TO ${quoteLiteral(certain)} (FORMAT csv, HEADER false);
     COPY (SELECT * FROM ${cleaned} WHERE NOT (${isCertain}))
       TO ${quoteLiteral(doubtful)} (FORMAT csv, HEADER false)`,
  );
  const { rows, latest } = found!;
  return { certain: { file: certain, rows: Number(rows), latest }, doubtful: { file: doubtful } };
}

/** A condition of DuckDB on the cleaned rows; it is never null. */
async function certainSql(
  tx: TransactionSql,
  prepared: PreparedTable,
  alsoInDoubt: string | undefined,
): Promise<string> {
  const { key } = rawTables[prepared.table];
  if (await mayBeKnown(tx, prepared)) return 'false';
  const users = await findDoubtfulUsers(tx, prepared);
  return [
    '"reason" IS NULL',
    ...(alsoInDoubt === undefined ? [] : [`NOT (${alsoInDoubt})`]),
    `${key} NOT IN (FROM ${repeatedIds(prepared.table)})`,
    // Ids are printable: a line feed is in none of them.
    ...(users.length === 0
      ? []
      : [
          `user_id NOT IN (SELECT unnest(string_split(${quoteLiteral(users.join('\n'))}, chr(10))))`,
        ]),
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

async function findDoubtfulUsers(
  tx: TransactionSql,
  { table, references }: PreparedTable,
): Promise<string[]> {
  if (references === null) return [];
  const name = `references_of_${table}`;
  await tx.unsafe(
    `CREATE TEMPORARY TABLE ${name} (user_id text COLLATE "C", event_time timestamptz) ON COMMIT DROP`,
  );
  await copyIn(tx, `COPY ${name} FROM STDIN (FORMAT csv)`, references);
  const users = await tx.unsafe<{ user_id: string }[]>(
    `SELECT r.user_id FROM ${name} AS r LEFT JOIN raw_data.users AS u ON u.user_id = r.user_id
     WHERE u.user_id IS NULL OR r.event_time < u.signup_time ORDER BY r.user_id`,
  );
  return users.map((row) => row.user_id);
}
