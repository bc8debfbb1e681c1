import type { Redis } from 'ioredis';
import { evaluate, FENCE, PRELUDE, type Fenced, type WriteOrder } from '../forward-only-scripts';
import { onlineKeys } from '../online-keys';
import { fromRedis } from '../redis-errors';

/** What was wrong with the values that a repair wrote; each value counts once. */
export interface RepairCounts {
  /** They were right. */
  readonly unchanged: number;
  readonly missing: number;
  /** The key held something else than a text. */
  readonly wrongTyped: number;
  /** Of a later feature_time or revision. */
  readonly fromFuture: number;
  /** Of an earlier one. */
  readonly outdated: number;
  /** Of the partition, but with other values; or no vector at all. */
  readonly damaged: number;
}

/** `SET` replaces a value of any type. */
const REPAIR = `${PRELUDE}${FENCE}
local counts = { 0, 0, 0, 0, 0, 0 }
local function count(place) counts[place] = counts[place] + 1 end
for i = 2, #KEYS do
  local value = ARGV[i + 1]
  local stored, is_wrong_typed = read(KEYS[i])
  if stored == value then
    count(1)
  else
    redis.call('SET', KEYS[i], value)
    if not stored then count(2)
    elseif is_wrong_typed then count(3)
    elseif compare(stored) > 0 then count(4)
    elseif string.find(stored, '^{"feature_time":"[^"]*","revision":%d') and compare(stored) < 0 then count(5)
    else count(6) end
  end
end
return counts
`;

const REMOVE = `${PRELUDE}${FENCE}
local removed = 0
for i = 2, #KEYS do removed = removed + redis.call('UNLINK', KEYS[i]) end
return removed
`;

const SET = `${PRELUDE}${FENCE}
redis.call('SET', KEYS[2], ARGV[3])
return 1
`;

/** By itself: the others refuse a target that holds no text, which this replaces. */
const TAKE_OVER = `
local stored = redis.pcall('GET', KEYS[1])
if type(stored) == 'table' then stored = false end
if (stored or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`;

/**
 * Makes an order the target, where it still is the one that was seen.
 *
 * @param seen  Its text; null: there was none, or something else than a text.
 * @returns false where a sync has announced another one meanwhile.
 */
export async function takeOverTarget(
  redis: Redis,
  seen: string | null,
  { featureTime, revision }: WriteOrder,
): Promise<boolean> {
  const target = JSON.stringify({ feature_time: featureTime, revision });
  const run = redis.eval(TAKE_OVER, 1, onlineKeys.target, seen ?? '', target);
  return (await fromRedis(run)) === 1;
}

/** Gives each key its value, whatever is there; all or nothing under the fence. */
export async function writeExactly(
  redis: Redis,
  order: WriteOrder,
  batch: { readonly keys: readonly string[]; readonly values: readonly string[] },
): Promise<RepairCounts | Fenced> {
  const reply = await evaluate(redis, REPAIR, { order, ...batch });
  if (!Array.isArray(reply)) return reply as Fenced;
  const [unchanged, missing, wrongTyped, fromFuture, outdated, damaged] = reply as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { unchanged, missing, wrongTyped, fromFuture, outdated, damaged };
}

/** Removes keys, whatever they hold; returns how many there were. */
export async function removeKeys(
  redis: Redis,
  order: WriteOrder,
  keys: readonly string[],
): Promise<number | Fenced> {
  return (await evaluate(redis, REMOVE, { order, keys, values: [] })) as number | Fenced;
}

/** Gives one key a value, whatever is there. */
export async function setKey(
  redis: Redis,
  order: WriteOrder,
  { key, value }: { readonly key: string; readonly value: string },
): Promise<'done' | Fenced> {
  const reply = await evaluate(redis, SET, { order, keys: [key], values: [value] });
  return reply === 1 ? 'done' : (reply as Fenced);
}
