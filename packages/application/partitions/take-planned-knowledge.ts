import {
  ChurnError,
  plannedKnowledgeOf,
  type KnownAtRequest,
  type LabelKnowledge,
  type PlannedKnowledge,
} from '../../contracts';
import { formatInstant, parseInstant } from '../../instants';
import { takeKnowledge, type KnowledgeOptions } from '../../raw-data';
import type { Adapters } from '../open/open-adapters';

/**
 * K, L and S of something planned now, taken together; K may be pinned to an earlier moment, S to an
 * earlier load (`batch`). The rest as in `takeKnowledge`.
 *
 * @throws ChurnError LOAD_RUNNING, and as `planKnowledge`
 */
export async function takePlannedKnowledge(
  { database }: Pick<Adapters, 'database'>,
  knownAt: KnownAtRequest,
  { batch, ...options }: KnowledgeOptions & { batch?: number } = {},
): Promise<PlannedKnowledge> {
  return planKnowledge(await takeKnowledge(database, options), knownAt, batch);
}

/**
 * @throws ChurnError INVALID_REQUEST when K is not an instant, or K or S lie after what is known now.
 */
export function planKnowledge(
  latest: LabelKnowledge,
  knownAt: KnownAtRequest,
  batch = latest.batch,
): PlannedKnowledge {
  if (latest.batch === 0) throw new ChurnError('NO_DATA');
  if (batch > latest.batch) {
    const problem = `batch ${batch} is not loaded; the latest is ${latest.batch}`;
    throw new ChurnError('INVALID_REQUEST', { problem });
  }
  const isPinned = knownAt !== 'latest' && knownAt !== 'as-served';
  const at = isPinned ? pinnedInstant(latest, knownAt) : latest.at;
  return plannedKnowledgeOf(isPinned ? 'pinned' : knownAt, { known: { at, batch }, label: latest });
}

function pinnedInstant(latest: LabelKnowledge, text: string): string {
  let instant: bigint;
  try {
    instant = parseInstant(text);
  } catch (error) {
    throw new ChurnError('INVALID_REQUEST', {
      problem: `known_at must be latest, as-served or a moment: ${(error as Error).message}`,
    });
  }
  if (instant > parseInstant(latest.at)) {
    throw new ChurnError('INVALID_REQUEST', {
      problem: `known_at lies in the future; the latest moment known is ${latest.at}`,
    });
  }
  return formatInstant(instant);
}
