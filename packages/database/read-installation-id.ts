import type { Sql } from 'postgres';
import { asDatabaseError } from './open-database';

/**
 * The id of the installation whose database this is; undefined where there is none yet: nothing was
 * ever loaded, or not even the tables are there. Changes nothing.
 *
 * @throws ChurnError POSTGRES_UNAVAILABLE
 */
export async function readInstallationId(sql: Sql): Promise<string | undefined> {
  try {
    const [table] = await sql<{ exists: boolean }[]>`
      select to_regclass('ops.installation') is not null as exists`;
    if (!table?.exists) return undefined;
    const [installation] = await sql<{ id: string }[]>`select id::text from ops.installation`;
    return installation?.id;
  } catch (error) {
    throw asDatabaseError(error);
  }
}
