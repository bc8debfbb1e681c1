import type { Redis } from 'ioredis';
import { ChurnError, isChurnError } from '../contracts';

const unreachable =
  /ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|Connection is closed|isn't writeable|max retries|timed out/i;
/** Replies of a Redis that is there but can't serve now, such as one that starts. */
const unready = /^(LOADING|MASTERDOWN|BUSY|TRYAGAIN|ERR max number of clients)\b/;

/** How a node of a cluster answers, which a client of a single Redis can't follow. */
const ofCluster = /^(MOVED|ASK|CLUSTERDOWN|CROSSSLOT)\b/;

/** Why a Redis that still serves refuses to write, by the first word of its reply. */
const writeRefusals: Readonly<Record<string, string>> = {
  OOM: 'its memory is used up (maxmemory)',
  READONLY: 'it is a read-only replica',
  MISCONF: "it can't save its data to disk",
  NOREPLICAS: 'too few of its replicas are connected (min-replicas-to-write)',
};

/** Why Redis refuses any command, by the first word of its reply. */
const accessRefusals: Readonly<Record<string, string>> = {
  WRONGPASS: 'it does not accept the user name or password in REDIS_URL',
  NOAUTH: 'it wants a password, and REDIS_URL has none',
  NOPERM: 'the user in REDIS_URL lacks the right to a command or key that the platform uses',
};

/** An error reply begins with a word in capitals, by convention of Redis. */
const errorReply = /^[A-Z]{3,}( |$)/;
/** What follows in a reply may quote arguments of the command. */
const quoted = /,?\s['"`].*$/su;

/**
 * Turns a Redis that can't be reached or can't serve into REDIS_UNAVAILABLE, one that only refuses
 * to write into REDIS_REFUSES_WRITES, a node of a cluster into REDIS_CLUSTER, and any other error
 * that Redis replies with into REDIS_REFUSES_COMMANDS. What is no error of Redis passes through,
 * without its command, whose arguments may be a password.
 */
export function asRedisError(error: unknown): unknown {
  // Not by instanceof: it does not know errors of another realm.
  if (typeof error !== 'object' || error === null || isChurnError(error)) return error;
  if ('command' in error) delete error.command;
  const code = 'code' in error ? String(error.code) : '';
  const name = 'name' in error ? String(error.name) : '';
  const message = 'message' in error ? String(error.message) : '';
  const isDown =
    name === 'MaxRetriesPerRequestError' ||
    [code, message].some((text) => unreachable.test(text)) ||
    unready.test(message);
  if (isDown) return new ChurnError('REDIS_UNAVAILABLE', {}, { cause: error });
  return refusalIn(message, error) ?? error;
}

function refusalIn(reply: string, cause: unknown): ChurnError | undefined {
  if (!errorReply.test(reply)) return undefined;
  if (ofCluster.test(reply)) return new ChurnError('REDIS_CLUSTER', {}, { cause });
  const [word = ''] = reply.split(' ');
  const problem = writeRefusals[word];
  if (problem !== undefined) return new ChurnError('REDIS_REFUSES_WRITES', { problem }, { cause });
  // Without the cause, whose message has the whole reply.
  const details = {
    problem: accessRefusals[word] ?? `its reply is "${reply.replace(quoted, '')}"`,
  };
  return new ChurnError('REDIS_REFUSES_COMMANDS', details);
}

/** As `asRedisError`, for what serves: a reply that can't be explained is REDIS_UNAVAILABLE. */
export function asServingRefusal(error: unknown): ChurnError {
  const known = asRedisError(error);
  if (isChurnError(known)) return known;
  return new ChurnError('REDIS_UNAVAILABLE', {}, { cause: error });
}

/**
 * Waits for Redis.
 *
 * @throws ChurnError REDIS_UNAVAILABLE, REDIS_REFUSES_WRITES, REDIS_REFUSES_COMMANDS, REDIS_CLUSTER
 */
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
 * @throws ChurnError as `fromRedis`; CORRUPT_ONLINE_KEY when one of them holds no text.
 */
export async function fromRedisKeys<T>(
  redis: Redis,
  keys: readonly string[],
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isWrongType = String((error as Error).message).includes('WRONGTYPE');
    throw (isWrongType && (await wrongTypeOf(redis, keys, error))) || asRedisError(error);
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
    return wrongType(key, type, { cause });
  }
  return undefined;
}

/** The error of a key that holds no text. */
export function wrongType(key: string, type: string, options?: ErrorOptions): ChurnError {
  const problem = `it holds a ${type} instead of a string`;
  return new ChurnError('CORRUPT_ONLINE_KEY', { key, type, problem }, options);
}
