import type { Redis } from 'ioredis';
import type { OnlineMeta, PublishedPartition } from '../contracts';
import { onlineKeys } from './online-keys';
import { fromRedisKeys } from './redis-errors';

/** Where something stands in the order of writes: first by feature_time, then by revision. */
export interface WriteOrder {
  readonly featureTime: string;
  readonly revision: number;
}

export function writeOrderOf({ manifest }: PublishedPartition): WriteOrder {
  return { featureTime: manifest.feature_time, revision: manifest.revision };
}

/**
 * Shared by all scripts. Every value starts with its order, so a pattern finds it without parsing
 * the JSON. Instants have one layout, so their texts compare as they do. `compare` says how a stored
 * text stands to us: 1 later, 0 the same, -1 earlier; a text that is not ours counts as earlier.
 * Most of a batch has one head (time, revision and the start of known_at): it is judged once.
 * `read` also says whether the key holds something else than a text; other errors it raises.
 */
export const PRELUDE = `
local my_time, my_revision = ARGV[1], tonumber(ARGV[2])
local function parse_and_compare(head)
  local time, revision = string.match(head, '^{"feature_time":"([^"]*)","revision":(%d+)[,}]')
  if not time then return -1 end
  if time ~= my_time then return time > my_time and 1 or -1 end
  revision = tonumber(revision)
  if revision == my_revision then return 0 end
  return revision > my_revision and 1 or -1
end
local known = {}
local function compare(text)
  local head = string.sub(text, 1, 72)
  local order = known[head]
  if not order then
    order = parse_and_compare(head)
    known[head] = order
  end
  return order
end
local function read(key)
  local reply = redis.pcall('GET', key)
  local is_error = type(reply) == 'table'
  if is_error and not string.find(reply.err, 'WRONGTYPE', 1, true) then redis.call('GET', key) end
  return reply, is_error
end
local target = redis.call('GET', KEYS[1])
`;

/**
 * Nothing is written under a target that is not ours: 'ahead' of us, or 'lost' with the data, also
 * where Redis came back with an earlier state of it.
 */
export const FENCE = `
if not target then return 'lost' end
local fenced = compare(target)
if fenced > 0 then return 'ahead' end
if fenced < 0 then return 'lost' end
`;

const ANNOUNCE = `${PRELUDE}
if target then
  local order = compare(target)
  if order > 0 then return 'ahead' end
  if order == 0 then return 'ours' end
end
redis.call('SET', KEYS[1], ARGV[3])
return 'ours'
`;

/** A key that holds no text is left as it is and named; the others are written all the same. */
const WRITE = `${PRELUDE}${FENCE}
local written, unchanged, refused, damaged = 0, 0, 0, {}
for i = 2, #KEYS do
  local value = ARGV[i + 1]
  local stored, is_damaged = read(KEYS[i])
  if is_damaged then
    damaged[#damaged + 1] = KEYS[i]
  elseif stored == value then
    unchanged = unchanged + 1
  elseif not stored or compare(stored) <= 0 then
    redis.call('SET', KEYS[i], value)
    written = written + 1
  else
    refused = refused + 1
  end
end
return { written, unchanged, refused, damaged }
`;

const REMOVE_OLDER = `${PRELUDE}${FENCE}
local removed, damaged = 0, {}
for i = 2, #KEYS do
  local stored, is_damaged = read(KEYS[i])
  if is_damaged then
    damaged[#damaged + 1] = KEYS[i]
  elseif stored and compare(stored) < 0 then
    removed = removed + redis.call('UNLINK', KEYS[i])
  end
end
return { removed, damaged }
`;

const PUBLISH = `${PRELUDE}${FENCE}
local stored = redis.call('GET', KEYS[2])
if stored and compare(stored) >= 0 then return 'unchanged' end
redis.call('SET', KEYS[2], ARGV[3])
return 'published'
`;

/** `ahead`: a later sync has begun; `lost`: the target is gone, Redis was emptied under us. */
export type Fenced = 'ahead' | 'lost';

export interface WriteCounts {
  readonly written: number;
  readonly unchanged: number;
  readonly refused: number;
  /** Keys that hold something else than a text, and were left as they are. */
  readonly damaged: readonly string[];
}

export type RemoveCounts = Pick<WriteCounts, 'damaged'> & { readonly removed: number };

/** Runs a script with the target key and our order first, where PRELUDE reads them. */
export function evaluate(
  redis: Redis,
  script: string,
  {
    order,
    keys,
    values,
  }: { order: WriteOrder; keys: readonly string[]; values: readonly string[] },
): Promise<unknown> {
  const allKeys = [onlineKeys.target, ...keys];
  const allValues = [order.featureTime, String(order.revision), ...values];
  const run = redis.eval(script, allKeys.length, ...allKeys, ...allValues);
  return fromRedisKeys(redis, allKeys, run);
}

/** Says which partition is being written from now on; refused when a later one was announced. */
export async function announceTarget(redis: Redis, order: WriteOrder): Promise<'ours' | 'ahead'> {
  const target = JSON.stringify({ feature_time: order.featureTime, revision: order.revision });
  const reply = await evaluate(redis, ANNOUNCE, { order, keys: [], values: [target] });
  return reply as 'ours' | 'ahead';
}

/**
 * Sets each key whose value is absent, of an earlier order, or of this order but not this value
 * (one partition has one value, so the stored one is damaged); all or nothing under the fence.
 */
export async function writeForward(
  redis: Redis,
  order: WriteOrder,
  batch: { readonly keys: readonly string[]; readonly values: readonly string[] },
): Promise<WriteCounts | Fenced> {
  const reply = await evaluate(redis, WRITE, { order, ...batch });
  if (!Array.isArray(reply)) return reply as Fenced;
  const [written, unchanged, refused, damaged] = reply as [number, number, number, string[]];
  return { written, unchanged, refused, damaged };
}

/** Removes those of the keys whose value is of an earlier order. */
export async function removeOlder(
  redis: Redis,
  order: WriteOrder,
  keys: readonly string[],
): Promise<RemoveCounts | Fenced> {
  const reply = await evaluate(redis, REMOVE_OLDER, { order, keys, values: [] });
  if (!Array.isArray(reply)) return reply as Fenced;
  const [removed, damaged] = reply as [number, string[]];
  return { removed, damaged };
}

/** Flips the meta key, unless it already says this or a later partition. */
export async function publishMeta(
  redis: Redis,
  order: WriteOrder,
  meta: OnlineMeta,
): Promise<'published' | 'unchanged' | Fenced> {
  const values = [metaText(meta)];
  const reply = await evaluate(redis, PUBLISH, { order, keys: [onlineKeys.meta], values });
  return reply as 'published' | 'unchanged' | Fenced;
}

/** The value of the meta key. The order comes first: `compare` finds it there. */
export function metaText({ feature_time, revision, ...rest }: OnlineMeta): string {
  return JSON.stringify({ feature_time, revision, ...rest });
}
