import type { TransactionSql } from '../../database';
import type { RawTable } from '../raw-tables';

/** Below, no plan that Postgres can choose takes long. */
const ROWS_MIN = 10_000;

/**
 * Lets Postgres count a table again that has taken many rows since it was counted last. A load that was
 * killed leaves rows that nobody sees, and Postgres may have counted them as none: it would then look
 * for each staged row in the whole table, for hours, instead of in an index.
 *
 * @param copied  How many rows this transaction has put into the table.
 */
export async function refreshStatistics(
  tx: TransactionSql,
  table: RawTable,
  { copied, rowsMin = ROWS_MIN }: { copied: number; rowsMin?: number },
): Promise<void> {
  if (copied < rowsMin) return;
  const name = `raw_data.${table}`;
  const [counted] = await tx<{ rows: number }[]>`
    SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = ${name}::text::regclass`;
  // Of a table that was never counted (-1) Postgres takes the size, which is right.
  if (counted!.rows >= 0 && counted!.rows < copied) await tx.unsafe(`ANALYZE ${name}`);
}
