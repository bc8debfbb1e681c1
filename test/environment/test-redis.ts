import { Redis } from 'ioredis';

/**
 * An empty Redis database for this jest worker. Each worker has a number of its own, so that
 * test files that run side by side do not see each other.
 */
export async function createTestRedis(): Promise<{ redis: Redis; url: string }> {
  const url = new URL(process.env.TEST_REDIS_URL!);
  url.pathname = `/${process.env.JEST_WORKER_ID ?? '1'}`;
  const redis = new Redis(url.href, { maxRetriesPerRequest: 1 });
  await redis.flushdb();
  return { redis, url: url.href };
}
