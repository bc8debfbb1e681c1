import { Redis } from 'ioredis';

export interface RedisOptions {
  /** A command unanswered for so long fails; defaults: 10,000 for writing, 1,000 for serving. */
  readonly commandTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 2_000;

/**
 * A connection for jobs. It connects at the first command and waits through one reconnection, so
 * that a blink of the network does not fail a sync; a Redis that is down fails within a second.
 */
export function openRedisForWriting(url: string, options: RedisOptions = {}): Redis {
  return quietly(
    new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: options.commandTimeoutMs ?? 10_000,
      maxRetriesPerRequest: 1,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
    }),
  );
}

/**
 * A connection for answering requests. It connects at once and again in the background; commands
 * never queue while it is down but fail immediately. Reads of one event-loop turn share a round trip.
 */
export function openRedisForServing(url: string, options: RedisOptions = {}): Redis {
  return quietly(
    new Redis(url, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: options.commandTimeoutMs ?? 1_000,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
    }),
  );
}

/** ioredis prints connection errors nobody listens to; every failed command reports them anyway. */
function quietly(redis: Redis): Redis {
  redis.on('error', () => {});
  return redis;
}
