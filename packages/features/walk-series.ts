import type { UserSeries } from './user-series';

/** What comes into force at its time, and what leaves it so long after its time. */
export interface Window {
  readonly entered: UserSeries;
  readonly left: UserSeries;
  readonly micros: number;
}

/**
 * Adds to the sum of each moment its user's values that are in force. All series have the same users;
 * the sums begin with the first moment of the first of them. What leaves before a value enters is
 * taken off before it is added: no sum on the way is greater than what a window holds.
 */
export function sumsInWindow(
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
          sum -= left.values ? left.values[leaving]! : 1;
        }
        if (time > at) break;
        sum += entered.values ? entered.values[next]! : 1;
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
