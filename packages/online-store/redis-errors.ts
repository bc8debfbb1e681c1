import type { Redis } from 'ioredis';
import { ChurnError } from '../contracts';

const unreachable =
  /ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|Connection is closed|isn't writeable|max retries|timed out/i;
/** Replies of a Redis that is there but can't serve or keep data now: starting, full, read-only. */
const unready = /^(LOADING|MASTERDOWN|MISCONF|OOM|READONLY|BUSY|TRYAGAIN|NOREPLICAS)\b/;

/**
 * Turns a Redis that can't be reached or can't serve into REDIS_UNAVAILABLE; others pass through,
 * without their command, whose arguments may be a password.
 */
export function asRedisError(error: unknown): unknown {
  // Not by instanceof: it does not know errors of another realm.
  if (typeof error !== 'object' || error === null) return error;
  if ('command' in error) delete error.command;
  const code = 'code' in error ? String(error.code) : '';
  const name = 'name' in error ? String(error.name) : '';
  const message = 'message' in error ? String(error.message) : '';
  const isDown =
    name === 'MaxRetriesPerRequestError' ||
    [code, message].some((text) => unreachable.test(text)) ||
    unready.test(message);
  return isDown ? new ChurnError('REDIS_UNAVAILABLE', {}, { cause: error }) : error;
}

/** Waits for Redis. @throws ChurnError REDIS_UNAVAILABLE when it does not answer. */
export async function fromRedis<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asRedisError(error);
  }
}

/**
 * Waits for what reads texts from some keys. Redis does not say which key it stumbled over; this does.
 *
 * @throws ChurnError REDIS_UNAVAILABLE; CORRUPT_ONLINE_KEY when one of them holds no text.
 */
export async function fromRedisKeys<T>(
  redis: Redis,
  keys: readonly string[],
  work: Promise<T>,
): Promise<T> {
  try {
    return await fromRedis(work);
  } catch (error) {
    const isWrongType = String((error as Error).message).includes('WRONGTYPE');
    throw (isWrongType && (await wrongTypeOf(redis, keys, error))) || error;
  }
}

async function wrongTypeOf(
  redis: Redis,
  keys: readonly string[],
  cause: unknown,
): Promise<ChurnError | undefined> {
  for (const key of keys) {
    const type = await fromRedis(redis.type(key));
    if (type === 'string' || type === 'none') continue;
    return new ChurnError('CORRUPT_ONLINE_KEY', { key, type }, { cause });
  }
  return undefined;
}
