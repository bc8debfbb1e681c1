import type { CalibrationBin } from '../model-documents';
import { newtonSolver } from '../solvers/newton-solver';
import { createTrainingMatrix } from '../training-matrix';

const BIN_COUNT = 10;

/** Ten equal intervals of probability; empty ones are left out. */
export function calibrationBins(probabilities: Float64Array, labels: Uint8Array): CalibrationBin[] {
  const counts = new Float64Array(BIN_COUNT);
  const predicted = new Float64Array(BIN_COUNT);
  const observed = new Float64Array(BIN_COUNT);
  for (let row = 0; row < labels.length; row++) {
    const bin = Math.min(BIN_COUNT - 1, Math.floor(probabilities[row]! * BIN_COUNT));
    counts[bin]! += 1;
    predicted[bin]! += probabilities[row]!;
    observed[bin]! += labels[row]!;
  }
  return [...counts.keys()]
    .filter((bin) => counts[bin]! > 0)
    .map((bin) => ({
      lower: bin / BIN_COUNT,
      upper: (bin + 1) / BIN_COUNT,
      count: counts[bin]!,
      mean_predicted: predicted[bin]! / counts[bin]!,
      observed_rate: observed[bin]! / counts[bin]!,
    }));
}

/** Expected calibration error: mean |observed − predicted| over the bins, weighted by their rows. */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  const rows = bins.reduce((sum, bin) => sum + bin.count, 0);
  const weighted = bins.reduce(
    (sum, bin) => sum + bin.count * Math.abs(bin.observed_rate - bin.mean_predicted),
    0,
  );
  return rows === 0 ? 0 : weighted / rows;
}

/**
 * The outcome regressed on the logit of the probability (Cox, 1958): slope 1 and intercept 0 where
 * the probabilities are right, slope < 1 where they are too extreme. Null where it can't be fitted,
 * as with one probability for all. The outcomes must not be separated by the logit.
 */
export function calibrationLine(
  logits: Float64Array,
  labels: Uint8Array,
): { slope: number; intercept: number } | null {
  const fitted = newtonSolver.fit(createTrainingMatrix(['logit'], [logits], labels), {
    l2: 0,
    tolerance: 1e-9,
  });
  if (!fitted.converged || fitted.isConstant[0]) return null;
  const slope = fitted.coefficients[0]! / fitted.standardDeviations[0]!;
  return { slope, intercept: fitted.intercept - slope * fitted.means[0]! };
}
