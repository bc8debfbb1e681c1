import type { Redis } from 'ioredis';
import { ChurnError, isChurnError, type OnlineMeta } from '../contracts';
import type { WriteOrder } from './forward-only-scripts';
import { onlineKeys } from './online-keys';
import { asRedisError, wrongType } from './redis-errors';

/** What the bookkeeping of an online store says that may be served from it. */
export interface OnlineState {
  readonly meta: OnlineMeta;
  /** The newest partition that a sync has begun to write: no vector can be later. */
  readonly newest: WriteOrder;
}

/** Values of some keys, or why one could not be read; a key that holds no text is an error. */
export type KeyReply = string | null | ChurnError;

/**
 * Reads keys in the order given, in one round trip. Unlike MGET it tells a key that holds something
 * else from one that is not there.
 *
 * @throws ChurnError REDIS_UNAVAILABLE, REDIS_CLUSTER
 */
export async function readKeys(redis: Redis, keys: readonly string[]): Promise<KeyReply[]> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.get(key);
  const replies = (await pipeline.exec()) ?? [];
  const damaged = keys.filter((_, index) => isWrongType(replies[index]?.[0]));
  const types = new Map<string, string>();
  for (const key of damaged) types.set(key, await redis.type(key).catch(rethrow));
  return keys.map((key, index) => {
    const [error, text] = replies[index] ?? [];
    if (isWrongType(error)) return wrongType(key, types.get(key)!);
    if (error) throw asRedisError(error);
    return text as string | null;
  });
}

function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}

function rethrow(error: unknown): never {
  throw asRedisError(error);
}

/** What `stateIn` is given: the replies of these keys, in this order. */
export const stateKeys = [onlineKeys.installation, onlineKeys.meta, onlineKeys.target] as const;

/**
 * What may be served, from the replies for `stateKeys`.
 *
 * @param expected  The id of the installation that asks; undefined while it has none, because
 *   nothing was ever loaded.
 * @throws ChurnError INSTALLATION_MISMATCH, NO_FEATURES where nothing is published,
 *   CORRUPT_ONLINE_KEY
 */
export function stateIn(
  replies: readonly (KeyReply | undefined)[],
  expected: string | undefined,
): OnlineState {
  const [owner, metaText] = replies.slice(0, 2).map(textOf);
  refuseOther(owner, expected);
  if (!metaText) throw new ChurnError('NO_FEATURES');
  const meta = decodeMeta(metaText);
  refuseOther(meta.installation_id, expected);
  const published = { featureTime: meta.feature_time, revision: meta.revision };
  // A damaged target stops the syncs, which name it, and no prediction.
  const target = typeof replies[2] === 'string' ? orderIn(replies[2]) : undefined;
  return { meta, newest: target && isLater(target, published) ? target : published };
}

function textOf(reply: KeyReply | undefined): string | null {
  if (isChurnError(reply)) throw reply;
  return reply ?? null;
}

function refuseOther(found: string | null | undefined, expected: string | undefined): void {
  if (found === null || found === undefined || found === expected) return;
  const details = { store: 'Redis', found, expected: expected ?? 'none' };
  throw new ChurnError('INSTALLATION_MISMATCH', details);
}

/** @throws ChurnError CORRUPT_ONLINE_KEY */
export function decodeMeta(text: string): OnlineMeta {
  const value = parsedFields(text);
  const isMeta =
    value &&
    orderIn(text) !== undefined &&
    [value.installation_id, value.known_at, value.schema_hash, value.published_at].every(
      (field) => typeof field === 'string',
    ) &&
    Number.isInteger(value.users);
  if (isMeta) return value as OnlineMeta;
  const problem = 'it does not say what is published';
  throw new ChurnError('CORRUPT_ONLINE_KEY', { key: onlineKeys.meta, problem });
}

/** The order that a value of meta or target says; undefined where it says none. */
export function orderIn(text: string): WriteOrder | undefined {
  const value = parsedFields(text);
  const { feature_time: featureTime, revision } = value ?? {};
  if (typeof featureTime !== 'string' || !Number.isInteger(revision)) return undefined;
  return { featureTime, revision: revision as number };
}

function parsedFields(text: string): { readonly [Name in keyof OnlineMeta]?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isLater(a: WriteOrder, b: WriteOrder): boolean {
  if (a.featureTime !== b.featureTime) return a.featureTime > b.featureTime;
  return a.revision > b.revision;
}
