import type { DriftReference } from '../../modeling';
import { distributionMetrics, meanOf } from './distribution-metrics';
import { driftThresholds, type DriftMetric, type MetricHead } from '../drift-report';

const STANDARD_ERRORS = 3;

/**
 * Prediction drift: the distribution and mean of today's scores against those of the training
 * rows, and the gap of their mean to the last known churn rate. The gap alerts at 0.05 or more
 * when three standard errors of a mean of probabilities do not explain it.
 */
export function predictionMetrics(input: {
  readonly head: MetricHead;
  readonly reference: DriftReference;
  readonly scores: Float64Array;
  readonly tests: number;
}): DriftMetric[] {
  const { head, reference, scores, tests } = input;
  return [
    ...distributionMetrics({
      head,
      subject: 'scores',
      reference: reference.scores,
      values: scores,
      tests,
    }),
    churnRateGap(head, scores, reference.last_known_churn_rate),
  ];
}

function churnRateGap(head: MetricHead, scores: Float64Array, churnRate: number): DriftMetric {
  const mean = meanOf(scores);
  const threshold = driftThresholds.churnRateGap;
  const row = { ...head, subject: 'scores', metric: 'churn_rate_gap', rows: scores.length };
  if (mean === null || scores.length < driftThresholds.rowsMin) {
    return { ...row, value: null, threshold, status: 'insufficient_sample' };
  }
  const gap = mean - churnRate;
  const standardError = Math.sqrt((churnRate * (1 - churnRate)) / scores.length);
  const isWide = Math.abs(gap) >= Math.max(threshold, STANDARD_ERRORS * standardError);
  return { ...row, value: gap, threshold, status: isWide ? 'alert' : 'ok' };
}
