import type { Database } from '../../packages/database/open-database';
import { formatInstant, parseInstant } from '../../packages/instants/epoch-micros';

/** How far the source is complete over the batches `<= batch`; null when none says so. */
export async function completeThroughOf(database: Database, batch: number): Promise<string | null> {
  const [row] = await database.sql<{ latest: string | null }[]>`
    SELECT max(complete_through)::text AS latest FROM ops.load_batches WHERE batch <= ${batch}`;
  const latest = row?.latest ?? null;
  return latest === null ? null : formatInstant(parseInstant(latest));
}
