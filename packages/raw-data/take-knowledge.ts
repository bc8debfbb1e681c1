import type { InstantText, LabelKnowledge } from '../contracts';
import { asDatabaseError, type Database } from '../database';
import { formatInstant, parseInstant } from '../instants';
import { betweenLoads, type LoadWait } from './load-lock';

/** How long whoever plans something waits for a load under way. */
export const PLANNING_WAIT_MILLIS = 5_000;

export interface KnowledgeOptions {
  /**
   * How long to wait for a load under way, 5 s by default; null: until it has ended, for runs that
   * nobody waits for, and for whoever is told of the load meanwhile.
   */
  readonly waitMillis?: number | null;
  readonly waiting?: LoadWait;
}

/**
 * The latest K and L, which are one moment, with their batch: everything that is known now. Taken
 * under the load lock, so that no row can still arrive behind it. In simulated time *now* is how far
 * the source is loaded.
 *
 * @throws ChurnError LOAD_RUNNING with the load and how far it is
 */
export async function takeKnowledge(
  database: Database,
  { waitMillis = PLANNING_WAIT_MILLIS, waiting }: KnowledgeOptions = {},
): Promise<LabelKnowledge> {
  try {
    return await betweenLoads(database, { waitMillis, waiting }, async (tx) => {
      // Not before the last commit, even if the clock was set back since.
      const [row] = await tx<{ at: string; batch: number; complete_through: string | null }[]>`
        SELECT coalesce(
            (SELECT loaded_through FROM ops.installation WHERE source = 'synthetic'),
            greatest(clock_timestamp(), max(committed_at)))::text AS at,
          coalesce(max(batch), 0) AS batch, max(complete_through)::text AS complete_through
        FROM ops.load_batches`;
      const { at, batch, complete_through: completeThrough } = row!;
      return {
        at: canonical(at),
        batch,
        completeThrough: completeThrough === null ? null : canonical(completeThrough),
      };
    });
  } catch (error) {
    throw asDatabaseError(error);
  }
}

function canonical(postgresText: string): InstantText {
  return formatInstant(parseInstant(postgresText));
}
