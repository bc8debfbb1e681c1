/** The share given to an emptier bin. It decides what one empty bin adds, so it is part of a result. */
export const PSI_EPSILON = 1e-4;

/**
 * Population Stability Index: how far a distribution moved, Σ (aᵢ − eᵢ) · ln(aᵢ ÷ eᵢ) over shares.
 *
 * Unit: nats, ≥ 0, 0 for equal shares, symmetric. It is Jeffreys' divergence (1946); that 0.1 is a
 * shift worth a look and 0.25 a large one is a convention (Lewis 1994), not a test.
 *
 * @param expected  Shape (bins,): counts of the reference, each ≥ 0, total > 0.
 * @param actual    Shape (bins,): counts of today in the same bins.
 * @throws RangeError when the shapes differ, a count is negative or not finite, or a total is 0.
 */
export function populationStabilityIndex(
  expected: readonly number[],
  actual: readonly number[],
): number {
  return psiContributions(expected, actual).reduce((total, part) => total + part, 0);
}

/** What each bin adds to the index; same parameters and errors. */
export function psiContributions(expected: readonly number[], actual: readonly number[]): number[] {
  if (expected.length !== actual.length) {
    throw new RangeError(`expected has ${expected.length} bins, actual has ${actual.length}`);
  }
  const before = toShares(expected);
  const after = toShares(actual);
  return before.map((share, bin) => (after[bin]! - share) * Math.log(after[bin]! / share));
}

function toShares(counts: readonly number[]): number[] {
  if (counts.some((count) => !Number.isFinite(count) || count < 0)) {
    throw new RangeError('counts must be finite and at least 0');
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) throw new RangeError('nothing was counted');
  return counts.map((count) => Math.max(count / total, PSI_EPSILON));
}
