import { isChurnError, type BackfillProgress } from '../../contracts';
import { throwDatabaseError } from '../../database';
import type { Adapters } from '../open/open-adapters';
import type { BackfillRuns } from './temporal-runs';

/** How many of the backfills that have ended a list shows. */
const ENDED_SHOWN = 20;

/**
 * All backfills that run or are paused, and the latest ones that have ended; the newest first.
 *
 * @throws ChurnError TEMPORAL_UNAVAILABLE where one has not ended, POSTGRES_UNAVAILABLE
 */
export async function listBackfills(
  { database: { sql } }: Pick<Adapters, 'database'>,
  { progress }: Pick<BackfillRuns, 'progress'>,
): Promise<BackfillProgress[]> {
  const rows = await sql<{ id: string }[]>`
    select id from ops.backfills
    where status = 'running' or id in (
      select id from ops.backfills where status <> 'running'
      order by created_at desc, id limit ${ENDED_SHOWN})
    order by created_at desc, id`.catch(throwDatabaseError);
  const found = await Promise.all(rows.map(({ id }) => progress(id).catch(unlessForgotten)));
  return found.filter((one) => one !== undefined);
}

/** One that could not be started is forgotten. */
function unlessForgotten(error: unknown): undefined {
  if (!isChurnError(error) || error.code !== 'BACKFILL_NOT_FOUND') throw error;
}
