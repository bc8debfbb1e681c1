import type { Redis } from 'ioredis';
import { ChurnError, isChurnError, type OnlineMeta, type OnlineVector } from '../contracts';
import { createVectorDecoder, type VectorDecoder, type VectorSchema } from './decode-vector';
import { onlineKeys, vectorKey } from './online-keys';
import {
  decodeMeta,
  isLater,
  readKeys,
  stateIn,
  stateKeys,
  type KeyReply,
  type OnlineState,
} from './online-state';
import { fromRedis, fromRedisKeys } from './redis-errors';

const MGET_USERS = 1_000;

const decodeAnySchema = createVectorDecoder();

/** A user's vector, null where there is none, or why the one that is there can't be used. */
export type VectorReply = OnlineVector | ChurnError | null;

/**
 * A user's vector, or null when there is none.
 *
 * @throws ChurnError REDIS_UNAVAILABLE, CORRUPT_ONLINE_KEY, CORRUPT_VECTOR.
 */
export async function readVector(redis: Redis, userId: string): Promise<OnlineVector | null> {
  const [text] = await readKeys(redis, [vectorKey(userId)]);
  const reply = decodeReply(text!, userId, decodeAnySchema);
  if (isChurnError(reply)) throw reply;
  return reply;
}

/**
 * A user's vector for an installation that answers with it: null where the user is not in the
 * published partition.
 *
 * @param installationId  Of whoever asks; undefined while it has none.
 * @throws ChurnError REDIS_UNAVAILABLE, REDIS_CLUSTER, INSTALLATION_MISMATCH, NO_FEATURES,
 *   CORRUPT_ONLINE_KEY, CORRUPT_VECTOR.
 */
export async function readServedVector(
  redis: Redis,
  options: {
    readonly userId: string;
    readonly installationId: string | undefined;
    readonly schema: VectorSchema;
  },
): Promise<OnlineVector | null> {
  const { userId, installationId, schema } = options;
  const { replies, ...context } = await readWithState(redis, [userId], installationId);
  const decode = createVectorDecoder(schema);
  const reply = decodeServed(replies[0]!, userId, { ...context, decode });
  if (isChurnError(reply)) throw reply;
  return reply;
}

/**
 * Reads the keys of users together with the bookkeeping: after the meta key, so that a user who has
 * no vector is in no partition published before; before the target, so that whatever a sync has
 * written is of this target or an earlier one.
 *
 * @throws ChurnError REDIS_UNAVAILABLE, REDIS_CLUSTER, INSTALLATION_MISMATCH, NO_FEATURES,
 *   CORRUPT_ONLINE_KEY of the bookkeeping.
 */
export async function readWithState(
  redis: Redis,
  userIds: readonly string[],
  installationId: string | undefined,
): Promise<ServedReplies> {
  const [owner, meta, target] = stateKeys;
  const keys = [owner, meta, ...userIds.map(vectorKey), target];
  const replies = await readKeys(redis, keys);
  const state = stateIn([replies[0], replies[1], replies.at(-1)], installationId);
  const ofUsers = replies.slice(2, -1);
  const isAnyMissing = ofUsers.includes(null);
  const hasLost = isAnyMissing && (await hasLostVectors(redis, state, ofBookkeeping(replies)));
  return { replies: ofUsers, state, hasLost };
}

interface ServedReplies {
  /** One per user. */
  readonly replies: readonly KeyReply[];
  readonly state: OnlineState;
  /** Whether Redis has fewer vectors than were published; only asked for where one is missing. */
  readonly hasLost: boolean;
}

/** How many of the keys of the bookkeeping there are. */
function ofBookkeeping(replies: readonly KeyReply[]): number {
  return [replies[0], replies[1], replies.at(-1)].filter((reply) => reply !== null).length;
}

/**
 * By the size of the database, which tells it without looking at the keys. Other keys in it hide a
 * loss; a sync that has begun may be removing users.
 */
async function hasLostVectors(
  redis: Redis,
  { meta, newest }: OnlineState,
  bookkeepingKeys: number,
): Promise<boolean> {
  const isSyncing = newest.featureTime !== meta.feature_time || newest.revision !== meta.revision;
  if (isSyncing) return false;
  return (await fromRedis(redis.dbsize())) - bookkeepingKeys < meta.users;
}

/**
 * As `decodeReply`. Where vectors were lost, who has none is not unknown (NO_FEATURES); a vector
 * later than the newest sync is none of ours.
 */
export function decodeServed(
  reply: KeyReply,
  userId: string,
  options: Omit<ServedReplies, 'replies'> & { readonly decode: VectorDecoder },
): VectorReply {
  const { state, hasLost, decode } = options;
  if (reply === null && hasLost) return new ChurnError('NO_FEATURES');
  const vector = decodeReply(reply, userId, decode);
  if (vector === null || isChurnError(vector) || !isFromFuture(vector, state)) return vector;
  const problem = `they are of ${vector.feature_time}, later than any that were published`;
  return new ChurnError('CORRUPT_VECTOR', { userId, problem });
}

/** Whether a vector is later than the newest sync that had begun when Redis was looked at. */
export function isFromFuture(vector: OnlineVector, { newest }: OnlineState): boolean {
  const { feature_time: featureTime, revision } = vector;
  return isLater({ featureTime, revision }, newest);
}

/** What was read at the key of a user, decoded. */
export function decodeReply(reply: KeyReply, userId: string, decode: VectorDecoder): VectorReply {
  if (typeof reply !== 'string') return reply;
  try {
    return decode(reply, userId);
  } catch (error) {
    if (isChurnError(error)) return error;
    throw error;
  }
}

/** The texts at the keys of users, one place per user, null where there is none or no text. */
export async function readVectorTexts(
  redis: Redis,
  userIds: readonly string[],
): Promise<(string | null)[]> {
  const texts: (string | null)[] = [];
  for (let start = 0; start < userIds.length; start += MGET_USERS) {
    const keys = userIds.slice(start, start + MGET_USERS).map(vectorKey);
    texts.push(...(await fromRedis(redis.mget(keys))));
  }
  return texts;
}

/**
 * What is published, or null before the first sync has finished.
 *
 * @throws ChurnError REDIS_UNAVAILABLE, CORRUPT_ONLINE_KEY.
 */
export async function readMeta(redis: Redis): Promise<OnlineMeta | null> {
  const text = await fromRedisKeys(redis, [onlineKeys.meta], redis.get(onlineKeys.meta));
  return text === null ? null : decodeMeta(text);
}
