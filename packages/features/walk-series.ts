import type { UserSeries } from './user-series';

/** What comes into force at its time, and what leaves it so long after its time. */
export interface Window {
  readonly entered: UserSeries;
  readonly left: UserSeries;
  readonly micros: number;
}

/** For each moment the sum of its user's values that are in force. */
export function sumsInWindow(
  moments: UserSeries,
  { entered, left, micros }: Window,
  sums: Float64Array,
): void {
  for (let user = 0; user + 1 < moments.offsets.length; user += 1) {
    const end = entered.offsets[user + 1]!;
    const leftEnd = left.offsets[user + 1]!;
    let next = entered.offsets[user]!;
    let leaving = left.offsets[user]!;
    let sum = 0;
    for (let index = moments.offsets[user]!; index < moments.offsets[user + 1]!; index += 1) {
      const at = moments.times[index]!;
      for (; next < end && entered.times[next]! <= at; next += 1) {
        sum += entered.values ? entered.values[next]! : 1;
      }
      const limit = at - micros;
      for (; leaving < leftEnd && left.times[leaving]! <= limit; leaving += 1) {
        sum -= left.values ? left.values[leaving]! : 1;
      }
      sums[index] = sum;
    }
  }
}

/** For each moment the greatest of its user's values whose time is not after it. */
export function greatestUntil(
  moments: UserSeries,
  { offsets, times, values = times }: UserSeries,
  greatest: Float64Array,
): void {
  for (let user = 0; user + 1 < moments.offsets.length; user += 1) {
    const end = offsets[user + 1]!;
    let next = offsets[user]!;
    let best = -Infinity;
    for (let index = moments.offsets[user]!; index < moments.offsets[user + 1]!; index += 1) {
      const at = moments.times[index]!;
      for (; next < end && times[next]! <= at; next += 1) {
        if (values[next]! > best) best = values[next]!;
      }
      greatest[index] = best;
    }
  }
}
