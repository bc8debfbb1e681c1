import type { TransactionSql } from '../../database';
import { FAULTY_PROPERTY, hasProperties } from '../properties/property-types';
import { rawTables, type ColumnKind, type RawTable } from '../raw-tables';
import { slicesOf } from './staged-slices';
import type { RejectionReason } from '../rejected/rejection-reasons';
import { sameContentSql } from '../same-content-sql';

/** The temporary table of cleaned rows, or of the faults found once they were staged. */
export function stagingName(table: RawTable, part?: 'rejected'): string {
  return part ? `staged_${table}_${part}` : `staged_${table}`;
}

const stagingTypes: Readonly<Record<ColumnKind, string>> = {
  id: 'text COLLATE "C"',
  text: 'text',
  optional_text: 'text',
  billing_type: 'text',
  currency: 'text',
  amount_cents: 'bigint',
  event_time: 'timestamptz',
  attribute_id: 'text COLLATE "C"',
  attribute_name: 'text COLLATE "C"',
  attribute_value: 'text',
  properties: 'jsonb',
};

/** In the order of `cleanRowsSql`. Naive timestamps are UTC: every connection's zone is UTC. */
export function stagingColumns(table: RawTable): string[] {
  const columns = rawTables[table].columns.map(({ name, kind }) => `${name} ${stagingTypes[kind]}`);
  const staged = ['"row" bigint', 'reason text', ...columns, 'ingested_at timestamptz'];
  return hasProperties(table) ? [...staged, `${FAULTY_PROPERTY} text`] : staged;
}

/** Temporary tables of this transaction. */
export async function createStaging(tx: TransactionSql, table: RawTable): Promise<void> {
  await tx.unsafe(
    `CREATE TEMPORARY TABLE ${stagingName(table)} (${stagingColumns(table).join(', ')}) ON COMMIT DROP;
     CREATE TEMPORARY TABLE ${stagingName(table, 'rejected')} ("row" bigint, reason text) ON COMMIT DROP`,
  );
}

interface AcceptOptions {
  readonly batch: number;
  readonly arrival: string;
  /** Whether several staged rows have the same id. */
  readonly isRepeated: boolean;
  /** Is told how many rows have been looked at. */
  readonly onRows: (rows: number) => void;
}

/**
 * Inserts the staged rows that are new, of known users, and not before their signup. Of rows with
 * the same id the one that arrived first is inserted (ties, and rows that all arrive with the load:
 * the one further up in its file).
 *
 * @returns how many were inserted. The others are unchanged or faulty: see `rejectFaultyRows`.
 */
export async function storeAcceptedRows(
  tx: TransactionSql,
  table: RawTable,
  { batch, arrival, isRepeated, onRows }: AcceptOptions,
): Promise<number> {
  const { key, columns } = rawTables[table];
  const names = columns.map((column) => column.name);
  const users =
    table === 'users'
      ? ''
      : `JOIN raw_data.users AS u ON u.user_id = s.user_id AND s.event_time >= u.signup_time`;
  let count = 0;
  // Without repeated ids the order decides nothing, and the file's own order costs least.
  for (const slice of await slicesOf(tx, stagingName(table), isRepeated ? key : null)) {
    const result = await tx.unsafe(
      `INSERT INTO raw_data.${table} (${names.join(', ')}, ingested_at, batch)
       SELECT ${names.map((name) => `s.${name}`).join(', ')},
         coalesce(s.ingested_at, $1::text::timestamptz), $2::integer
       FROM ${stagingName(table)} AS s ${users}
       WHERE s.reason IS NULL AND ${slice.condition}
       ${isRepeated ? 'ORDER BY s.ingested_at, s."row"' : ''}
       ON CONFLICT (${key}) DO NOTHING`,
      [arrival, batch],
    );
    count += result.count;
    onRows(slice.rowsThrough);
  }
  return count;
}

export async function hasRepeatedStagedIds(tx: TransactionSql, table: RawTable): Promise<boolean> {
  const [found] = await tx.unsafe<{ repeated: boolean }[]>(
    `SELECT EXISTS (SELECT FROM ${stagingName(table)} WHERE reason IS NULL
       GROUP BY ${rawTables[table].key} HAVING count(*) > 1) AS repeated`,
  );
  return found!.repeated;
}

/**
 * Finds, after `storeAcceptedRows`, the well-formed rows that are not in the table as they are
 * staged, each with the first reason that holds.
 */
export async function rejectFaultyRows(
  tx: TransactionSql,
  table: RawTable,
  onRows: (rows: number) => void,
): Promise<void> {
  const { key } = rawTables[table];
  const checks: [RejectionReason, string][] = [
    ...(table === 'users' ? [] : userChecks),
    ['conflicting_duplicate', `NOT ${sameContentSql(table, 's', 'known')}`],
  ];
  const reasons = checks.map(([reason, isFaulty]) => `WHEN ${isFaulty} THEN '${reason}'`);
  for (const slice of await slicesOf(tx, stagingName(table), null)) {
    await tx.unsafe(
      `INSERT INTO ${stagingName(table, 'rejected')} ("row", reason)
     SELECT s."row", CASE ${reasons.join(' ')} END
     FROM ${stagingName(table)} AS s
     LEFT JOIN raw_data.${table} AS known ON known.${key} = s.${key}
     ${table === 'users' ? '' : 'LEFT JOIN raw_data.users AS u ON u.user_id = s.user_id'}
     WHERE s.reason IS NULL AND ${slice.condition}
       AND (${checks.map(([, isFaulty]) => isFaulty).join(' OR ')})`,
    );
    onRows(slice.rowsThrough);
  }
}

const userChecks: [RejectionReason, string][] = [
  ['unknown_user', 'u.user_id IS NULL'],
  ['before_signup', 's.event_time < u.signup_time'],
];
