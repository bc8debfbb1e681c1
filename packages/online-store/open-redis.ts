import { Redis, type RedisOptions as IoRedisOptions } from 'ioredis';
import { redisConnection } from '../tls';

export interface RedisOptions {
  /** A command unanswered for so long fails; default: 10,000. */
  readonly commandTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 2_000;

/**
 * ioredis gives the server so long to close its end, also of a connection that is already lost: its
 * timer would keep a process that has nothing else to do alive for two seconds.
 */
const DISCONNECT_TIMEOUT_MS = 100;

/**
 * A connection for jobs. It connects at the first command and waits through one reconnection, so
 * that a blink of the network does not fail a sync; a Redis that is down fails within a second.
 *
 * @throws ChurnError INVALID_SETTING for what the URL says about TLS
 */
export function openRedisForWriting(url: string, options: RedisOptions = {}): Redis {
  return quietly(
    openRedis(url, {
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
 * never queue while it is down but fail immediately, and those under way when it is lost fail too:
 * sent again after a reconnection, they would be answered by a Redis that nobody has looked at yet.
 * It has no deadline of its own, see `OnlineReader`.
 *
 * @throws ChurnError INVALID_SETTING for what the URL says about TLS
 */
export function openRedisForServing(url: string): Redis {
  return quietly(
    openRedis(url, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
    }),
  );
}

function openRedis(redisUrl: string, options: IoRedisOptions): Redis {
  const { url, tls } = redisConnection(redisUrl);
  const disconnectTimeout = DISCONNECT_TIMEOUT_MS;
  return new Redis(url, { ...options, disconnectTimeout, ...(tls ? { tls } : {}) });
}

/** ioredis prints connection errors nobody listens to; every failed command reports them anyway. */
function quietly(redis: Redis): Redis {
  redis.on('error', () => {});
  return redis;
}
