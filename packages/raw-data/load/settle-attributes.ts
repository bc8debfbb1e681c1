import type { TransactionSql } from '../../database';
import type { TableWithAttributes } from '../raw-tables';
import { attributeIdInPostgres } from '../values/attribute-sql';
import { columnParts, firstOfUsers, type ColumnPart } from './attribute-columns';
import type { PreparedTable } from './prepare-load';
import { stagingName } from './staging';

const STAGED = stagingName('user_attributes');
/** Temporary table of what the columns of users say. */
const OF_USERS = 'attributes_of_users';

/**
 * Which rows of prepared attributes have to be staged, as a condition of DuckDB: those of users' columns,
 * which are compared with what is known, and all of them where a row that they are about was refused for
 * what is known; see `refuseWithTheirRows`. Undefined: none for such a reason.
 */
export async function attributesToStage(
  tx: TransactionSql,
  prepared: PreparedTable,
): Promise<string | undefined> {
  const parts = columnParts(prepared);
  for (const table of tablesOf(parts)) {
    const conflicts = await tx`
      SELECT FROM ${tx(stagingName(table, 'rejected'))}
      WHERE reason = 'conflicting_duplicate' LIMIT 1`;
    if (conflicts.length > 0) return 'true';
  }
  const ofUsers = firstOfUsers(prepared);
  return ofUsers && `"row" > ${ofUsers.rowsBefore}`;
}

function tablesOf(parts: readonly ColumnPart[]): TableWithAttributes[] {
  return [...new Set(parts.map(({ attributesOf }) => attributesOf.table))];
}

interface LoadMoment {
  readonly batch: number;
  readonly arrival: string;
}

/**
 * Refuses staged attributes whose row was refused as a `conflicting_duplicate`. Rows with a fault of
 * their own brought none, and where the user is unknown or signs up later, the attribute has the same
 * fault itself.
 */
export async function refuseWithTheirRows(
  tx: TransactionSql,
  prepared: PreparedTable,
  { arrival }: LoadMoment,
): Promise<void> {
  const parts = columnParts(prepared);
  for (const table of tablesOf(parts)) {
    // A user who is known said it when the row arrived, not at signup.
    const time = `CASE WHEN part.carries::boolean THEN s.ingested_at ELSE $5::text::timestamptz END`;
    const moved = `, event_time = greatest(${time}, s.event_time), ingested_at = ${time},
      attribute_id = ${attributeIdInPostgres({ userId: 's.user_id', name: 's.name', time: `greatest(${time}, s.event_time)` })}`;
    const ofTable = parts.filter(({ attributesOf }) => attributesOf.table === table);
    await tx.unsafe(
      `UPDATE ${STAGED} AS s SET reason = 'conflicting_duplicate' ${table === 'users' ? moved : ''}
       FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
         AS part (rows_before, rows, of_rows_before, carries)
       JOIN ${stagingName(table, 'rejected')} AS refused
         ON refused."row" > part.of_rows_before AND refused."row" <= part.of_rows_before + part.rows
       WHERE s.reason IS NULL AND refused.reason = 'conflicting_duplicate'
         AND s."row" = refused."row" - part.of_rows_before + part.rows_before
         ${table === 'users' ? '' : 'AND $5::text IS NOT NULL'}`,
      [...columnsOf(ofTable), arrival],
    );
  }
}

/** Numbers of rows before a part, of its rows, of rows before its table's part; whether it has arrivals. */
function columnsOf(parts: readonly ColumnPart[]): [number[], number[], number[], string[]] {
  return [
    parts.map(({ rowsBefore }) => rowsBefore),
    parts.map(({ rows }) => rows),
    parts.map(({ attributesOf }) => attributesOf.rowsBefore),
    parts.map(({ attributesOf }) => String(attributesOf.carriesArrival)),
  ];
}

/**
 * Takes what users' columns say out of the staged rows, so that the others can be stored first.
 *
 * @returns whether there is any.
 */
export async function takeOutOfUsers(
  tx: TransactionSql,
  prepared: PreparedTable,
): Promise<boolean> {
  const first = firstOfUsers(prepared);
  if (!first) return false;
  await tx.unsafe(`CREATE TEMPORARY TABLE ${OF_USERS} (LIKE ${STAGED}) ON COMMIT DROP`);
  const taken = await tx.unsafe(
    `WITH taken AS (
       DELETE FROM ${STAGED} WHERE "row" > $1::bigint AND reason IS NULL RETURNING *)
     INSERT INTO ${OF_USERS} SELECT * FROM taken`,
    [first.rowsBefore],
  );
  return taken.count > 0;
}

/**
 * Stages again what users' columns say that is new. Of a user who is new by this row it holds since
 * signup. Otherwise it is new only where it differs from what is in force at the moment from which it
 * would hold: when the row arrived, if it says so, or else the load's moment. So a full dump every night
 * brings what has changed.
 *
 * Must run after all other attributes of the load are stored.
 */
export async function stageNewOfUsers(
  tx: TransactionSql,
  prepared: PreparedTable,
  { batch, arrival }: LoadMoment,
): Promise<void> {
  const parts = columnParts(prepared).filter(({ attributesOf }) => attributesOf.table === 'users');
  const id = attributeIdInPostgres({ userId: 'user_id', name: 'name', time: 'as_of' });
  await tx.unsafe(
    `INSERT INTO ${STAGED} ("row", attribute_id, user_id, name, value, event_time, ingested_at)
     WITH accepted AS (
       -- Of the users that were staged, the row that is stored; of the others there is one row.
       SELECT DISTINCT ON (user_id) user_id, "row" FROM ${stagingName('users')}
       WHERE reason IS NULL ORDER BY user_id, coalesce(ingested_at, 'infinity'), "row"),
     said AS (
       SELECT given.*, u.signup_time,
         CASE WHEN part.carries::boolean THEN given.ingested_at ELSE $5::text::timestamptz END AS arrived,
         u.batch = $6::integer AND coalesce(
           accepted."row" = given."row" - part.rows_before + part.of_rows_before, true)
           AS is_of_signup
       FROM ${OF_USERS} AS given
       JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
           AS part (rows_before, rows, of_rows_before, carries)
         ON given."row" > part.rows_before AND given."row" <= part.rows_before + part.rows
       JOIN raw_data.users AS u ON u.user_id = given.user_id
       LEFT JOIN accepted ON accepted.user_id = given.user_id),
     placed AS (
       SELECT *, CASE WHEN is_of_signup THEN signup_time ELSE greatest(arrived, signup_time) END
         AS as_of FROM said),
     compared AS (
       SELECT *, lag(value) OVER before AS value_before, lag(as_of) OVER before AS as_of_before
       FROM placed WINDOW before AS (PARTITION BY user_id, name ORDER BY as_of, "row"))
     SELECT "row", ${id}, user_id, name, compared.value, as_of,
       CASE WHEN is_of_signup THEN ingested_at ELSE arrived END
     FROM compared LEFT JOIN LATERAL (
       SELECT known.value, known.event_time FROM raw_data.user_attributes AS known
       WHERE known.user_id = compared.user_id AND known.name = compared.name
         AND known.event_time <= as_of
       ORDER BY known.event_time DESC, known.attribute_id DESC LIMIT 1) AS known ON true
     WHERE is_of_signup OR compared.value IS DISTINCT FROM CASE
       WHEN as_of_before IS NULL OR known.event_time >= as_of_before THEN known.value
       ELSE value_before END`,
    [...columnsOf(parts), arrival, batch],
  );
}
