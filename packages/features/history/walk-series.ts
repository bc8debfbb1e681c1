import type { UserSeries } from './user-series';

/**
 * A value enters the window at its time in `entered`, and leaves it `micros` after its time in `left`.
 * Both series hold as many values of each user.
 */
export interface Window {
  readonly entered: UserSeries;
  readonly left: UserSeries;
  readonly micros: number;
}

/**
 * Adds to the sum of each moment its user's values that are in force. All series have the same users;
 * the sums begin with the first moment of the first of them.
 */
export function sumsInWindow(moments: UserSeries, window: Window, sums: Float64Array): void {
  if (window.entered.values && window.left.values) addValues(moments, window, sums);
  else addCounts(moments, window, sums);
}

/** Each is 1: how many have entered, less how many have left. */
function addCounts(
  moments: UserSeries,
  { entered, left, micros }: Window,
  sums: Float64Array,
): void {
  const { offsets, times } = moments;
  const { times: enteredTimes } = entered;
  const { times: leftTimes } = left;
  const first = offsets[0]!;
  for (let user = 0; user + 1 < offsets.length; user += 1) {
    const end = entered.offsets[user + 1]!;
    const leftEnd = left.offsets[user + 1]!;
    let next = entered.offsets[user]!;
    let leaving = left.offsets[user]!;
    for (let index = offsets[user]!; index < offsets[user + 1]!; index += 1) {
      const at = times[index]!;
      while (next < end && enteredTimes[next]! <= at) next += 1;
      while (leaving < leftEnd && leftTimes[leaving]! <= at - micros) leaving += 1;
      sums[index - first]! += next - leaving;
    }
  }
}

/**
 * What leaves before a value enters is taken off before it is added: no sum on the way is greater
 * than what a window holds.
 */
function addValues(
  moments: UserSeries,
  { entered, left, micros }: Window,
  sums: Float64Array,
): void {
  const first = moments.offsets[0]!;
  for (let user = 0; user + 1 < moments.offsets.length; user += 1) {
    const end = entered.offsets[user + 1]!;
    const leftEnd = left.offsets[user + 1]!;
    let next = entered.offsets[user]!;
    let leaving = left.offsets[user]!;
    let sum = 0;
    for (let index = moments.offsets[user]!; index < moments.offsets[user + 1]!; index += 1) {
      const at = moments.times[index]!;
      for (;;) {
        const time = next < end ? entered.times[next]! : Infinity;
        const limit = Math.min(time, at) - micros;
        for (; leaving < leftEnd && left.times[leaving]! <= limit; leaving += 1) {
          sum -= left.values![leaving]!;
        }
        if (time > at) break;
        sum += entered.values![next]!;
        next += 1;
      }
      sums[index - first]! += sum;
    }
  }
}

/**
 * For each moment the greatest of its user's values whose time is not after it; −∞ where there is
 * none. Both series have the same users; the numbers begin with the first moment of the first.
 */
export function greatestUntil(
  moments: UserSeries,
  { offsets, times, values = times }: UserSeries,
  greatest: Float64Array,
): void {
  const first = moments.offsets[0]!;
  for (let user = 0; user + 1 < moments.offsets.length; user += 1) {
    const end = offsets[user + 1]!;
    let next = offsets[user]!;
    let best = -Infinity;
    for (let index = moments.offsets[user]!; index < moments.offsets[user + 1]!; index += 1) {
      const at = moments.times[index]!;
      for (; next < end && times[next]! <= at; next += 1) {
        if (values[next]! > best) best = values[next]!;
      }
      greatest[index - first] = best;
    }
  }
}
