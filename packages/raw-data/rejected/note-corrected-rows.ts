import type { TransactionSql } from '../../database';
import { rawTables, type RawTable } from '../raw-tables';
import { RETRY_DAYS } from './retry-rejected-rows';

/**
 * Notes this batch at the rejected rows of a table, of earlier loads of the last 30 days, whose id it
 * has: somebody corrected them and loaded them again. Rows that loads try again by themselves are
 * left to `retryRejectedRows`, and a row whose id was the fault can't be found again.
 *
 * Must run in the load's transaction, after the table's rows are in.
 */
export async function noteCorrectedRows(
  tx: TransactionSql,
  table: RawTable,
  batch: number,
): Promise<void> {
  const { key } = rawTables[table];
  await tx.unsafe(
    `UPDATE raw_data.rejected_rows AS refused SET resolved_batch = $1::integer
     FROM raw_data.${table} AS known
     WHERE known.${key} = btrim(refused.values ->> '${key}') AND known.batch = $1::integer
       AND refused.table_name = '${table}' AND refused.resolved_batch IS NULL
       AND refused.reason NOT IN ('unknown_user', 'before_signup')
       AND refused.batch < $1::integer AND refused.batch >= (
         SELECT min(load.batch) FROM ops.load_batches AS load
         WHERE load.committed_at > clock_timestamp() - interval '${RETRY_DAYS} days')`,
    [batch],
  );
}
