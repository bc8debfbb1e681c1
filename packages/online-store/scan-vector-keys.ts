import type { Redis } from 'ioredis';
import { onlineKeys, vectorKeyPattern } from './online-keys';
import { fromRedis } from './redis-errors';

const SCAN_COUNT = 5_000;

/**
 * Whether Redis may hold vectors beyond `known` present ones. Exact, and without looking at the
 * keys, in a database that holds nothing else: its size says it.
 */
export async function mayHoldOthers(redis: Redis, known: number): Promise<boolean> {
  const own = await fromRedis(redis.exists(...Object.values(onlineKeys)));
  return (await fromRedis(redis.dbsize())) - own > known;
}

/** All vector keys, by parts; a key may come twice. */
export async function* scanVectorKeys(redis: Redis): AsyncGenerator<readonly string[]> {
  let cursor = '0';
  do {
    const [next, keys] = await fromRedis(
      redis.scan(cursor, 'MATCH', vectorKeyPattern, 'COUNT', SCAN_COUNT),
    );
    cursor = next;
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}
