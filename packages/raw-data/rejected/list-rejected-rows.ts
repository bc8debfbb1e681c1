import { throwDatabaseError, type Database } from '../../database';
import type { RawTable } from '../raw-tables';
import type { RejectionReason } from './rejection-reasons';

/** Which rejected rows; what is left out does not matter. */
export interface RejectedFilter {
  readonly batch?: number;
  readonly reason?: RejectionReason;
  readonly table?: RawTable;
}

export interface RejectedRow {
  readonly row: number;
  readonly line: number | null;
  /** Of an `invalid_property`, which one it is; null otherwise. */
  readonly property: string | null;
  readonly values: Readonly<Record<string, string>> | null;
}

/** The rows of one file that one load rejected for one reason. */
export interface RejectedGroup {
  readonly batch: number;
  readonly source: string;
  readonly table: RawTable;
  readonly reason: RejectionReason;
  readonly rows: number;
  /** How many of them a later load accepted. */
  readonly resolved: number;
  /** The first few. */
  readonly examples: readonly RejectedRow[];
}

export interface RejectedList {
  /** The latest batches first. */
  readonly rejected: readonly RejectedGroup[];
  /** How many groups there are beyond these. */
  readonly left_out: number;
}

const EXAMPLES_MAX = 3;

/** What loads rejected, by batch, file and reason; at most `limit` groups. */
export async function listRejectedRows(
  database: Database,
  { limit, ...filter }: RejectedFilter & { limit: number },
): Promise<RejectedList> {
  const { sql } = database;
  const found = await sql<(RejectedGroup & { groups: number })[]>`
    SELECT groups.*, examples.list AS examples
    FROM (
      SELECT batch, source, table_name AS "table", reason, count(*) AS rows,
        count(resolved_batch) AS resolved, count(*) OVER () AS groups
      FROM raw_data.rejected_rows WHERE ${matches(database, filter)}
      GROUP BY batch, source, table_name, reason
      ORDER BY batch DESC, source, rows DESC, reason LIMIT ${limit}
    ) AS groups
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(to_jsonb(first)) AS list FROM (
        SELECT "row", line, property, "values" FROM raw_data.rejected_rows AS one
        WHERE one.batch = groups.batch AND one.source = groups.source
          AND one.reason = groups.reason
        ORDER BY "row" LIMIT ${EXAMPLES_MAX}) AS first
    ) AS examples
    ORDER BY groups.batch DESC, groups.source, groups.rows DESC, groups.reason`.catch(
    throwDatabaseError,
  );
  const rejected = found.map(({ groups: _, ...group }) => group);
  return { rejected, left_out: (found[0]?.groups ?? 0) - rejected.length };
}

function matches({ sql }: Database, { batch, reason, table }: RejectedFilter) {
  return sql`batch = coalesce(${batch ?? null}::integer, batch)
    AND reason = coalesce(${reason ?? null}::text, reason)
    AND table_name = coalesce(${table ?? null}::text, table_name)`;
}

export interface WaitingRows {
  /** The values of the rows, in the order in which they came. */
  readonly rows: readonly Readonly<Record<string, string>>[];
  /** How many more there are. */
  readonly left_out: number;
  /** How many have no values, because a former release rejected them. */
  readonly without_values: number;
}

/** The rows of a table that no later load accepted; at most `limit`. */
export async function readWaitingRows(
  database: Database,
  { limit, ...filter }: RejectedFilter & { table: RawTable; limit: number },
): Promise<WaitingRows> {
  const { sql } = database;
  const waiting = sql`${matches(database, filter)} AND resolved_batch IS NULL`;
  const [counts] = await sql<{ all: number; empty: number }[]>`
    SELECT count(*) AS all, count(*) FILTER (WHERE "values" IS NULL) AS empty
    FROM raw_data.rejected_rows WHERE ${waiting}`.catch(throwDatabaseError);
  const rows = await sql<{ values: Record<string, string> }[]>`
    SELECT "values" FROM raw_data.rejected_rows WHERE ${waiting} AND "values" IS NOT NULL
    ORDER BY batch, source, "row" LIMIT ${limit}`.catch(throwDatabaseError);
  const { all, empty } = counts!;
  return {
    rows: rows.map(({ values }) => values),
    left_out: all - empty - rows.length,
    without_values: empty,
  };
}
