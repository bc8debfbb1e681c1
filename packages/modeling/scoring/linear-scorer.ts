/** What turns feature values into log-odds: of a fitted model or of a loaded one. */
export interface LinearModel {
  readonly means: readonly number[];
  readonly standardDeviations: readonly number[];
  readonly coefficients: readonly number[];
  readonly intercept: number;
}

/** 1 ÷ (1 + e^−z), without overflow at either end. */
export function sigmoid(logit: number): number {
  const decay = Math.exp(-Math.abs(logit));
  return logit >= 0 ? 1 / (1 + decay) : decay / (1 + decay);
}

/**
 * What each feature adds to the log-odds of the average user: w_j · (x_j − mean_j) ÷ sd_j.
 * intercept + their sum, in this order, is the logit exactly.
 */
export function contributionsOf(model: LinearModel, values: ArrayLike<number>): number[] {
  return model.coefficients.map((coefficient, index) =>
    // A constant column says nothing, also where a later value differs from the constant.
    coefficient === 0
      ? 0
      : (coefficient * (values[index]! - model.means[index]!)) / model.standardDeviations[index]!,
  );
}

export function logitOf(intercept: number, contributions: readonly number[]): number {
  return intercept + contributions.reduce((sum, contribution) => sum + contribution, 0);
}

/** Probabilities of rows given column by column: the same arithmetic as one row at a time. */
export function scoreColumns(
  model: LinearModel,
  columns: readonly Float64Array[],
  rows: number,
): Float64Array {
  const sums = new Float64Array(rows);
  model.coefficients.forEach((coefficient, index) => {
    if (coefficient === 0) return;
    const column = columns[index]!;
    const mean = model.means[index]!;
    const deviation = model.standardDeviations[index]!;
    for (let row = 0; row < rows; row++) {
      sums[row]! += (coefficient * (column[row]! - mean)) / deviation;
    }
  });
  for (let row = 0; row < rows; row++) sums[row] = sigmoid(model.intercept + sums[row]!);
  return sums;
}
