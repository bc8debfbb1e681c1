import { calibrationBins, calibrationLine, expectedCalibrationError } from './calibration';
import type { EvaluationMetrics } from '../model-documents';
import {
  areaUnderRoc,
  averagePrecision,
  isSeparated,
  rankScores,
  topDecileLift,
} from './ranking-metrics';

// A probability of exactly 0 or 1 that is wrong costs 34.5 nats, not infinitely many.
const PROBABILITY_MIN = 1e-15;

/**
 * How well probabilities and outcomes agree.
 *
 * @param probabilities  Each in [0, 1].
 * @param labels         Each 0 or 1, same length.
 * @throws RangeError when the shapes differ, a probability is NaN, or only one outcome occurs.
 */
export function evaluatePredictions(
  probabilities: Float64Array,
  labels: Uint8Array,
): EvaluationMetrics {
  const ranked = rankScores(probabilities, labels);
  const rows = labels.length;
  const clipped = probabilities.map((p) =>
    Math.min(1 - PROBABILITY_MIN, Math.max(PROBABILITY_MIN, p)),
  );
  const bins = calibrationBins(probabilities, labels);
  // Where the scores separate the outcomes, ever steeper lines fit ever better: there is none.
  const line = isSeparated(ranked)
    ? null
    : calibrationLine(
        clipped.map((p) => Math.log(p / (1 - p))),
        labels,
      );
  return {
    rows,
    positives: ranked.positives.length,
    base_rate: ranked.positives.length / rows,
    auc: areaUnderRoc(ranked),
    pr_auc: averagePrecision(ranked),
    log_loss: meanOver(rows, (row) => -Math.log(labels[row] ? clipped[row]! : 1 - clipped[row]!)),
    brier: meanOver(rows, (row) => (probabilities[row]! - labels[row]!) ** 2),
    ece: expectedCalibrationError(bins),
    calibration_slope: line?.slope ?? null,
    calibration_intercept: line?.intercept ?? null,
    top_decile_lift: topDecileLift(ranked),
    mean_probability: meanOver(rows, (row) => probabilities[row]!),
    calibration_bins: bins,
  };
}

function meanOver(rows: number, term: (row: number) => number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += term(row);
  return sum / rows;
}
