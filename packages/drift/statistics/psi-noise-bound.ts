import { chiSquareQuantile } from './chi-square';

/**
 * The PSI that mere sampling exceeds with probability `alpha`: (1 ÷ N + 1 ÷ M) · χ²₁₋α with B − 1
 * degrees of freedom (Yurdakul 2018). For several tests at once pass α ÷ their number (Bonferroni).
 *
 * @param bins  How many bins have a count in at least one of the two samples; 1 gives 0.
 * @throws RangeError when a sample is empty.
 */
export function psiNoiseBound(input: {
  readonly referenceRows: number;
  readonly rows: number;
  readonly bins: number;
  readonly alpha: number;
}): number {
  const { referenceRows, rows, bins, alpha } = input;
  if (!(referenceRows > 0 && rows > 0)) throw new RangeError('a sample is empty');
  if (bins < 2) return 0;
  return (1 / referenceRows + 1 / rows) * chiSquareQuantile(1 - alpha, bins - 1);
}

/** Bins with a count in at least one of the two. */
export function countUsedBins(expected: readonly number[], actual: readonly number[]): number {
  return expected.filter((count, bin) => count + actual[bin]! > 0).length;
}
