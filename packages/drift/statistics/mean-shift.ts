export interface MeanShift {
  /** (m − m₀) ÷ (s₀ · √(1 ÷ M + 1 ÷ N)): a test; grows with the sample. */
  readonly z: number;
  /** (m − m₀) ÷ s₀: an effect size, in standard deviations of the reference. */
  readonly standardisedShift: number;
}

/** How far a mean moved. @throws RangeError when the deviation is 0 or a sample is empty. */
export function meanShift(
  reference: { readonly mean: number; readonly standardDeviation: number; readonly rows: number },
  today: { readonly mean: number; readonly rows: number },
): MeanShift {
  if (!(reference.standardDeviation > 0)) throw new RangeError('the reference is constant');
  if (!(reference.rows > 0 && today.rows > 0)) throw new RangeError('a sample is empty');
  const standardisedShift = (today.mean - reference.mean) / reference.standardDeviation;
  return {
    standardisedShift,
    z: standardisedShift / Math.sqrt(1 / today.rows + 1 / reference.rows),
  };
}
