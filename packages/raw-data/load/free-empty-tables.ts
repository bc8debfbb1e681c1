import type { Database, TransactionSql } from '../../database';
import { betweenLoads, type LoadWait } from '../load-lock';
import { rawTableNames } from '../raw-tables';

/** Smaller tables are not worth an exclusive lock. */
const BYTES_MIN = 1024 * 1024;

/** Of Postgres: a lock was not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Empties the raw tables while they have no row that anybody sees. A load that was killed, that failed
 * or was only tried leaves its rows in the files of the tables and of their indexes until they are
 * vacuumed. The next load, which most often has the same ids, would look at the old row of each new one:
 * with millions of rows that took more than twice the time.
 *
 * Nearly every load finds rows, and does not wait for the load lock here.
 */
export async function freeEmptyTables(
  database: Database,
  options: { readonly lockTimeoutMs?: number; readonly waiting?: LoadWait } = {},
): Promise<void> {
  const { lockTimeoutMs = 2_000, waiting } = options;
  if (!(await database.sql.begin(areLeftFull))) return;
  try {
    await betweenLoads(database, { waitMillis: null, waiting }, async (tx) => {
      // A load may have filled them while this one waited.
      if (!(await areLeftFull(tx))) return;
      await tx`SELECT set_config('lock_timeout', ${`${lockTimeoutMs}ms`}, true)`;
      await tx.unsafe(`TRUNCATE ${rawTableNames.map((name) => `raw_data.${name}`).join(', ')}`);
    });
  } catch (error) {
    // Somebody is reading the tables: the load is slower then, and no less right.
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
  }
}

/** Whether the tables have no row that anybody sees, and files of rows that nobody does. */
async function areLeftFull(tx: TransactionSql): Promise<boolean> {
  // The rows of the other tables refer to users: without users there are none.
  const [found] = await tx<{ empty: boolean; bytes: number }[]>`
    SELECT NOT EXISTS (SELECT FROM raw_data.users) AS empty,
      (SELECT sum(pg_relation_size(oid))::float8 FROM pg_class
       WHERE relnamespace = 'raw_data'::regnamespace AND relname IN ${tx([...rawTableNames])}) AS bytes`;
  return found!.empty && found!.bytes >= BYTES_MIN;
}
