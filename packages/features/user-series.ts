/** Per user a list of values in order of time: those of user u lie at offsets[u] ≤ i < offsets[u + 1]. */
export interface UserSeries {
  readonly offsets: Int32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

const BUCKETS = 1 << 16;

/**
 * Sorts by user (numbers 0 … userCount − 1) and time. Two counting sorts, by slices of time and then
 * by user, leave only what fell into one slice to be exchanged: linear, where comparing would be
 * several times slower for millions of points.
 */
export function sortByUser(points: {
  readonly userCount: number;
  readonly user: Int32Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
}): UserSeries {
  const { userCount, user, time, value } = points;
  const byTime = orderBy(slicesOf(time), BUCKETS).order;
  const byUser = orderBy(
    byTime.map((index) => user[index]!),
    userCount,
  );
  const times = new Float64Array(user.length);
  const values = new Float64Array(user.length);
  for (let slot = 0; slot < user.length; slot += 1) {
    const index = byTime[byUser.order[slot]!]!;
    times[slot] = time[index]!;
    values[slot] = value[index]!;
  }
  for (let u = 0; u < userCount; u += 1) {
    exchange(times, values, byUser.offsets[u]!, byUser.offsets[u + 1]!);
  }
  return { offsets: byUser.offsets, times, values };
}

/** Which of the equal slices of the whole time each point falls into. */
function slicesOf(time: Float64Array): Int32Array {
  let first = Infinity;
  let last = -Infinity;
  for (const at of time) {
    if (at < first) first = at;
    if (at > last) last = at;
  }
  const width = Math.max(1, (last - first + 1) / BUCKETS);
  const slices = new Int32Array(time.length);
  for (let index = 0; index < time.length; index += 1) {
    slices[index] = Math.floor((time[index]! - first) / width);
  }
  return slices;
}

/** A stable counting sort: the positions in order of their keys, and where each key begins. */
function orderBy(keys: Int32Array, count: number): { order: Int32Array; offsets: Int32Array } {
  const offsets = new Int32Array(count + 1);
  for (const key of keys) offsets[key + 1]! += 1;
  for (let key = 0; key < count; key += 1) offsets[key + 1]! += offsets[key]!;
  const next = offsets.slice(0, count);
  const order = new Int32Array(keys.length);
  for (let index = 0; index < keys.length; index += 1) order[next[keys[index]!]!++] = index;
  return { order, offsets };
}

/** Insertion sort of what is nearly sorted. */
function exchange(times: Float64Array, values: Float64Array, from: number, until: number): void {
  for (let index = from + 1; index < until; index += 1) {
    const time = times[index]!;
    const value = values[index]!;
    let slot = index;
    for (; slot > from && times[slot - 1]! > time; slot -= 1) {
      times[slot] = times[slot - 1]!;
      values[slot] = values[slot - 1]!;
    }
    times[slot] = time;
    values[slot] = value;
  }
}
