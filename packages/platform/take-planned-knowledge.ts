import {
  ChurnError,
  type KnowledgeSnapshot,
  type KnownAtRequest,
  type PlannedKnowledge,
} from '../contracts';
import { formatInstant, parseInstant } from '../instants';
import { takeKnowledge } from '../raw-data';
import type { Adapters } from './open-platform';

/** K, L and S of something planned now, taken together; `knownAt` may pin K to an earlier moment. */
export async function takePlannedKnowledge(
  { database }: Pick<Adapters, 'database'>,
  knownAt: KnownAtRequest,
): Promise<PlannedKnowledge> {
  return planKnowledge(await takeKnowledge(database), knownAt);
}

/** @throws ChurnError INVALID_REQUEST when K is not an instant, or lies after what is known now. */
export function planKnowledge(
  snapshot: KnowledgeSnapshot,
  knownAt: KnownAtRequest,
): PlannedKnowledge {
  if (snapshot.latest.batch === 0) throw new ChurnError('NO_DATA');
  const isPinned = knownAt !== 'latest' && knownAt !== 'as-served';
  return {
    kind: isPinned ? 'pinned' : knownAt,
    knownAt: isPinned ? pinnedInstant(snapshot, knownAt) : snapshot.latest.at,
    batch: snapshot.latest.batch,
    labelKnownAt: snapshot.latest.at,
    labelBatch: snapshot.latest.batch,
    completeThrough: snapshot.completeThrough,
  };
}

function pinnedInstant(snapshot: KnowledgeSnapshot, text: string): string {
  let instant: bigint;
  try {
    instant = parseInstant(text);
  } catch {
    throw new ChurnError('INVALID_REQUEST', {
      problem: 'known_at is neither latest, as-served nor an ISO 8601 instant',
    });
  }
  if (instant > parseInstant(snapshot.latest.at)) {
    throw new ChurnError('INVALID_REQUEST', {
      problem: `known_at lies after the latest knowledge, ${snapshot.latest.at}`,
    });
  }
  return formatInstant(instant);
}
