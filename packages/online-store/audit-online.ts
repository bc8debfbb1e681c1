import { createBoundedTasks } from '../bounded-tasks';
import type { Redis } from 'ioredis';
import {
  AUDIT_EXAMPLES_MAX,
  type AuditReport,
  type AuditVerdict,
  type OnlineVector,
  type PublishedPartition,
} from '../contracts';
import type { DuckDb } from '../duckdb';
import { createVectorEncoder, type EncodedVector } from './encode-vectors';
import type { WriteOrder } from './forward-only-scripts';
import { onlineKeys, userIdOfKey, vectorKey } from './online-keys';
import { isLater, orderIn, readKeys } from './online-state';
import { readVectorTexts } from './read-online';
import { openPartition, type OpenPartition } from './read-partition';
import { mayHoldOthers, scanVectorKeys } from './scan-vector-keys';
import { onlineVectorHash } from './vector-hash';

export interface AuditOnlineOptions {
  readonly redis: Redis;
  readonly openDuckDb: () => Promise<DuckDb>;
  /** What the store should hold: the partition that its meta key names. */
  readonly partition: PublishedPartition;
  /** The partition's column that says whether a user is subscribed. */
  readonly stateName: string;
  readonly signal?: AbortSignal;
}

const READS_IN_FLIGHT = 4;

/**
 * Compares every user's vector online with the partition's, in both directions. A vector that is
 * later than the partition can't be compared, unless it is later than any sync that has begun: then
 * it is no vector of ours.
 *
 * @throws ChurnError CORRUPT_PARTITION, REDIS_UNAVAILABLE; the signal's reason when aborted.
 */
export async function auditOnline(options: AuditOnlineOptions): Promise<AuditReport> {
  const tally = createTally();
  const duckDb = await options.openDuckDb();
  try {
    const open = () => openPartition(duckDb, options.partition, options.stateName);
    await compareVectors(options, await open(), tally);
    const { equal, mismatched, not_comparable: later } = tally.counts;
    if (await mayHoldOthers(options.redis, equal + mismatched + later)) {
      await findExtra(options, await open(), tally);
    }
  } finally {
    duckDb.close();
  }
  return { ...tally.counts, examples: tally.examples };
}

function createTally() {
  const counts: Record<AuditVerdict, number> = {
    equal: 0,
    missing: 0,
    extra: 0,
    mismatched: 0,
    not_comparable: 0,
  };
  const examples: string[] = [];
  return {
    counts,
    examples,
    add(verdict: AuditVerdict, userId: string) {
      counts[verdict] += 1;
      const isWorthShowing = verdict !== 'equal' && verdict !== 'not_comparable';
      if (isWorthShowing && examples.length < AUDIT_EXAMPLES_MAX)
        examples.push(`${verdict} ${userId}`);
    },
  };
}

async function compareVectors(
  { redis, partition, stateName, signal }: AuditOnlineOptions,
  source: OpenPartition,
  tally: ReturnType<typeof createTally>,
): Promise<void> {
  const encode = createVectorEncoder(partition, source, stateName);
  const isAnnounced = createTargetCheck(redis);
  const tasks = createBoundedTasks(READS_IN_FLIGHT);
  for await (const chunk of source.chunks()) {
    signal?.throwIfAborted();
    await tasks.add(async () => {
      const stored = await readVectorTexts(redis, chunk.userIds);
      const found = stored.map((text, row): Finding => {
        const expected = encode(chunk, row);
        return text === null ? 'missing' : judge(text, expected);
      });
      const isThere = await wrongTypedAmong(redis, chunk.userIds, found);
      for (const [row, userId] of chunk.userIds.entries()) {
        const finding = found[row]!;
        if (isThere.has(userId)) tally.add('mismatched', userId);
        else if (typeof finding === 'string') tally.add(finding, userId);
        else tally.add((await isAnnounced(finding)) ? 'not_comparable' : 'mismatched', userId);
      }
    });
  }
  await tasks.drain();
}

/** A verdict, or the order of a vector that is later than the partition's. */
type Finding = AuditVerdict | WriteOrder;

/** A key that holds something else than a text looks like one that is missing. */
async function wrongTypedAmong(
  redis: Redis,
  userIds: readonly string[],
  found: readonly Finding[],
): Promise<ReadonlySet<string>> {
  const missing = userIds.filter((_, row) => found[row] === 'missing');
  if (missing.length === 0) return new Set();
  const replies = await readKeys(redis, missing.map(vectorKey));
  return new Set(missing.filter((_, index) => replies[index] !== null));
}

/** Whether a sync of an order or of a later one has begun; asked again for what is later still. */
function createTargetCheck(redis: Redis) {
  let newest: WriteOrder | undefined;
  return async (order: WriteOrder): Promise<boolean> => {
    if (newest && !isLater(order, newest)) return true;
    const [target] = await readKeys(redis, [onlineKeys.target]);
    newest = typeof target === 'string' ? orderIn(target) : undefined;
    return newest !== undefined && !isLater(order, newest);
  };
}

/** Equal bytes are equal; other bytes still are when they say the same. */
function judge(text: string, expected: EncodedVector): Finding {
  if (text === expected.value) return 'equal';
  const stored = parseVector(text);
  if (!stored) return 'mismatched';
  const offline = JSON.parse(expected.value) as OnlineVector;
  const order = orderOf(stored);
  if (isLater(order, orderOf(offline))) return order;
  const isEqual =
    onlineVectorHash(stored) === expected.hash &&
    stored.vector_hash === expected.hash &&
    stored.user_id === offline.user_id &&
    stored.feature_time === offline.feature_time &&
    stored.known_at === offline.known_at &&
    stored.revision === offline.revision &&
    stored.schema_hash === offline.schema_hash &&
    stored.state_hash === offline.state_hash;
  return isEqual ? 'equal' : 'mismatched';
}

function parseVector(text: string): OnlineVector | undefined {
  try {
    const value = JSON.parse(text) as OnlineVector | null;
    return value && typeof value.features === 'object' && value.features ? value : undefined;
  } catch {
    return undefined;
  }
}

function orderOf({ feature_time: featureTime, revision }: OnlineVector): WriteOrder {
  return { featureTime, revision };
}

/** Only reached when the sizes say that something is there that the partition does not have. */
async function findExtra(
  { redis, signal }: AuditOnlineOptions,
  source: OpenPartition,
  tally: ReturnType<typeof createTally>,
): Promise<void> {
  const known = new Set<string>();
  for await (const chunk of source.chunks()) chunk.userIds.forEach((id) => known.add(id));
  for await (const keys of scanVectorKeys(redis)) {
    signal?.throwIfAborted();
    for (const userId of keys.map(userIdOfKey)) {
      if (known.has(userId)) continue;
      known.add(userId); // SCAN may return a key twice.
      tally.add('extra', userId);
    }
  }
}
