import type { Redis } from 'ioredis';
import type { OnlineMeta, OnlineVector } from '../contracts';
import { onlineKeys, vectorKey } from './online-keys';
import { fromRedis, fromRedisKeys } from './redis-errors';

const MGET_USERS = 1_000;

/**
 * A user's vector, or null when there is none.
 *
 * @throws ChurnError REDIS_UNAVAILABLE, CORRUPT_ONLINE_KEY.
 */
export async function readVector(redis: Redis, userId: string): Promise<OnlineVector | null> {
  const key = vectorKey(userId);
  const text = await fromRedisKeys(redis, [key], redis.get(key));
  return text === null ? null : (JSON.parse(text) as OnlineVector);
}

/**
 * The vectors of users, one place per user in the order given, null where there is none.
 *
 * @throws ChurnError REDIS_UNAVAILABLE.
 */
export async function readVectors(
  redis: Redis,
  userIds: readonly string[],
): Promise<(OnlineVector | null)[]> {
  const texts = await readVectorTexts(redis, userIds);
  return texts.map((text) => (text === null ? null : (JSON.parse(text) as OnlineVector)));
}

/** As readVectors, unparsed. */
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

/** What is published, or null before the first sync has finished. */
export async function readMeta(redis: Redis): Promise<OnlineMeta | null> {
  const text = await fromRedisKeys(redis, [onlineKeys.meta], redis.get(onlineKeys.meta));
  return text === null ? null : (JSON.parse(text) as OnlineMeta);
}
