import type { InstantText, LabelKnowledge } from '../contracts';
import { asDatabaseError, withLoadLock, type Database } from '../database';
import { formatInstant, parseInstant } from '../instants';

/**
 * The latest K and L, which are one moment, with their batch: everything that is known now. Taken
 * under the load lock, so that no row can still arrive behind it. In simulated time *now* is how far
 * the source is loaded.
 */
export async function takeKnowledge(database: Database): Promise<LabelKnowledge> {
  try {
    return await withLoadLock(database, async (tx) => {
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
