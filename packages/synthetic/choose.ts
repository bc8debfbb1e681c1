import type { Draw } from './named-streams';

/** The index that `chance`, from [0, 1), falls on when the shares are laid end to end. */
export function chooseIndex(shares: readonly number[], chance: number): number {
  let rest = chance;
  for (let index = 0; index < shares.length - 1; index += 1) {
    rest -= shares[index]!;
    if (rest < 0) return index;
  }
  return shares.length - 1;
}

/** Between `min` and `max`, evenly, in whole microseconds. */
export function drawBetween(range: { min: number; max: number }, draw: Draw): number {
  return Math.floor(range.min + (range.max - range.min) * draw());
}

/** Between `min` and `max`, mostly near `min`: half the draws within a 64th of the range. */
export function drawNearMin(range: { min: number; max: number }, draw: Draw): number {
  return Math.floor(range.min + (range.max - range.min) * draw() ** 6);
}
