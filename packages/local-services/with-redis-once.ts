import type { Redis } from 'ioredis';
import { redisConnection } from '../tls';

const TIMEOUT_MS = 2_000;

/**
 * Connects to a Redis for one piece of work, without trying again, and lets it go. The client's
 * module loads only here, so that commands which ask no Redis start without it.
 *
 * @throws whatever connecting or the work throws, such as a reply that refuses the password; nothing
 *   waits longer than two seconds.
 */
export async function withRedisOnce<T>(
  redisUrl: string,
  work: (redis: Redis) => Promise<T>,
): Promise<T> {
  const { url, tls } = redisConnection(redisUrl);
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    ...(tls ? { tls } : {}),
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    // By default the process would wait two seconds for a socket that is already gone.
    disconnectTimeout: 100,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Why a connection ends, such as a wrong password, is only said here.
  let reason: unknown;
  redis.on('error', (error) => (reason ??= error));
  try {
    await redis.connect().catch((error: unknown) => {
      throw reason ?? error;
    });
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
