import type { TransactionSql } from '../../database';
import { parseInstant, type EpochMicros } from '../../instants';
import { readPropertiesSql } from '../properties/stored-properties-sql';
import { rawTableNames, rawTables, type RawTable } from '../raw-tables';
import { sameContentSql } from '../same-content-sql';

/** How long later loads try a row again, from the moment its own load committed. */
export const RETRY_DAYS = 30;

export interface RetriedRows {
  readonly accepted: number;
  /** The greatest event_time of those accepted; null when there are none. */
  readonly latest: EpochMicros | null;
}

/**
 * Tries the table's rows again that loads of the last 30 days refused for a reason that time may
 * mend: their user was unknown or had not signed up yet. What can be accepted now is inserted as a
 * part of this batch, with the arrival that the row came with; without one it arrives now.
 *
 * Each row tried notes the batch that holds it, which is an earlier one where somebody loaded it in
 * the meantime. A row whose id has other content by now becomes a `conflicting_duplicate` and is not
 * tried again.
 *
 * Must run under the load lock, after the load's users are in and before the table's own rows: what
 * was refused has waited longer than they have.
 */
export async function retryRejectedRows(
  tx: TransactionSql,
  table: Exclude<RawTable, 'users'>,
  load: { batch: number; arrival: string },
): Promise<RetriedRows> {
  const isAny = await stageRetried(tx, table);
  if (!isAny) return { accepted: 0, latest: null };
  const retried = retriedName(table);
  const { key, columns } = rawTables[table];
  const names = columns.map(({ name }) => name);
  const [inserted] = await tx.unsafe<{ accepted: number; latest: string | null }[]>(
    `WITH inserted AS (
       INSERT INTO raw_data.${table} (${names.join(', ')}, ingested_at, batch)
       SELECT ${names.join(', ')}, coalesce(ingested_at, $1::text::timestamptz), $2::integer
       FROM ${retried} ORDER BY ingested_at, of_batch, source, "row"
       ON CONFLICT (${key}) DO NOTHING
       RETURNING event_time)
     SELECT count(*) AS accepted, max(event_time)::text AS latest FROM inserted`,
    [load.arrival, load.batch],
  );
  await noteOutcome(tx, table);
  const { accepted, latest } = inserted!;
  return { accepted, latest: latest === null ? null : parseInstant(latest) };
}

/** The tables with rows that some load may try again, however old; one look at an index for each. */
export async function tablesToRetry(tx: TransactionSql): Promise<ReadonlySet<RawTable>> {
  const found = await tx<{ name: RawTable }[]>`
    SELECT name FROM unnest(${[...rawTableNames]}::text[]) AS listed (name) WHERE EXISTS (
      SELECT FROM raw_data.rejected_rows AS refused
      WHERE refused.table_name = listed.name AND refused.resolved_batch IS NULL
        AND refused.reason IN ('unknown_user', 'before_signup'))`;
  return new Set(found.map(({ name }) => name));
}

function retriedName(table: RawTable): string {
  return `retried_${table}`;
}

/** @returns whether any row can be accepted now. */
async function stageRetried(
  tx: TransactionSql,
  table: Exclude<RawTable, 'users'>,
): Promise<boolean> {
  const names = rawTables[table].columns.map(({ name, kind }) =>
    kind === 'properties'
      ? `${readPropertiesSql(table, 'refused.values')} AS ${name}`
      : `given.${name}`,
  );
  const result = await tx.unsafe(
    `CREATE TEMPORARY TABLE ${retriedName(table)} ON COMMIT DROP AS
     SELECT refused.batch AS of_batch, refused.source, refused."row", ${names.join(', ')},
       given.ingested_at
     FROM raw_data.rejected_rows AS refused
     JOIN ops.load_batches AS load ON load.batch = refused.batch
     CROSS JOIN LATERAL jsonb_populate_record(NULL::raw_data.${table}, refused.values) AS given
     JOIN raw_data.users AS u ON u.user_id = given.user_id AND given.event_time >= u.signup_time
     WHERE refused.table_name = '${table}' AND refused.resolved_batch IS NULL
       AND refused.reason IN ('unknown_user', 'before_signup') AND refused.values IS NOT NULL
       AND load.committed_at > clock_timestamp() - interval '${RETRY_DAYS} days'`,
  );
  return result.count > 0;
}

async function noteOutcome(tx: TransactionSql, table: RawTable): Promise<void> {
  const { key } = rawTables[table];
  const isSame = sameContentSql(table, 'retried', 'known');
  await tx.unsafe(
    `UPDATE raw_data.rejected_rows AS refused SET
       resolved_batch = CASE WHEN ${isSame} THEN known.batch END,
       reason = CASE WHEN ${isSame} THEN refused.reason ELSE 'conflicting_duplicate' END
     FROM ${retriedName(table)} AS retried
     JOIN raw_data.${table} AS known ON known.${key} = retried.${key}
     WHERE refused.batch = retried.of_batch AND refused.source = retried.source
       AND refused."row" = retried."row"`,
  );
}
