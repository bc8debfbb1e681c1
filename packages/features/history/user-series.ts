/** Per user a list in order of time: that of user u lies at offsets[u] ≤ i < offsets[u + 1]. */
export interface UserSeries {
  readonly offsets: Int32Array;
  readonly times: Float64Array;
  /** Absent: each is 1 in a sum, and its own time for the greatest. */
  readonly values?: Float64Array;
}

/** Points of users 0 … userCount − 1, in any order. */
export interface UserPoints {
  readonly userCount: number;
  readonly user: Int32Array;
  readonly time: Float64Array;
  readonly value?: Float64Array;
}

/**
 * Sorts by user and time; equal times of a user keep no order. Points that have it already, as those
 * of one segment do, stay where they are: the series is made of the same arrays.
 */
export function sortByUser(points: UserPoints): UserSeries {
  const { userCount, user, time, value } = points;
  const offsets = offsetsOf(user, userCount);
  const areUsersInOrder = isInOrder(user);
  if (areUsersInOrder && areTimesInOrder(offsets, time))
    return { offsets, times: time, values: value };
  const [times, values] = areUsersInOrder
    ? [time.slice(), value?.slice()]
    : putByUser(points, offsets);
  for (let u = 0; u < userCount; u += 1) {
    const own = times.subarray(offsets[u], offsets[u + 1]);
    if (isInOrder(own)) continue;
    if (values) sortTogether(own, values.subarray(offsets[u], offsets[u + 1]));
    else own.sort();
  }
  return { offsets, times, values };
}

function putByUser(
  { user, time, value }: UserPoints,
  offsets: Int32Array,
): [Float64Array, Float64Array | undefined] {
  const next = offsets.slice();
  const times = new Float64Array(user.length);
  const values = value && new Float64Array(user.length);
  for (let index = 0; index < user.length; index += 1) {
    const slot = next[user[index]!]!++;
    times[slot] = time[index]!;
    if (values) values[slot] = value[index]!;
  }
  return [times, values];
}

/** Where the points of each user begin, once they are in order. */
function offsetsOf(user: Int32Array, userCount: number): Int32Array {
  const offsets = new Int32Array(userCount + 1);
  for (let index = 0; index < user.length; index += 1) offsets[user[index]! + 1]! += 1;
  for (let u = 0; u < userCount; u += 1) offsets[u + 1]! += offsets[u]!;
  return offsets;
}

function isInOrder(numbers: Int32Array | Float64Array): boolean {
  for (let index = 1; index < numbers.length; index += 1) {
    if (numbers[index]! < numbers[index - 1]!) return false;
  }
  return true;
}

function areTimesInOrder(offsets: Int32Array, time: Float64Array): boolean {
  for (let u = 0; u + 1 < offsets.length; u += 1) {
    for (let index = offsets[u]! + 1; index < offsets[u + 1]!; index += 1) {
      if (time[index]! < time[index - 1]!) return false;
    }
  }
  return true;
}

/**
 * Sorts times, and moves each value with its time: to the place that a search finds. The engine's own
 * sort of numbers is many times faster than one that compares by a function.
 */
function sortTogether(times: Float64Array, values: Float64Array): void {
  const unsorted = times.slice();
  const taken = new Int32Array(times.length);
  const moved = values.slice();
  times.sort();
  for (let index = 0; index < unsorted.length; index += 1) {
    const first = firstAtLeast(times, unsorted[index]!);
    values[first + taken[first]!] = moved[index]!;
    taken[first]! += 1;
  }
}

/** The first place in a sorted array whose number is not less. */
function firstAtLeast(sorted: Float64Array, least: number): number {
  let from = 0;
  let until = sorted.length;
  while (from < until) {
    const middle = (from + until) >>> 1;
    if (sorted[middle]! < least) from = middle + 1;
    else until = middle;
  }
  return from;
}
