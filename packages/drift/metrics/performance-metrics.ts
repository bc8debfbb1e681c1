import { evaluatePredictions } from '../../modeling';
import {
  driftThresholds,
  type DriftMetric,
  type DriftStatus,
  type MetricHead,
} from '../drift-report';

const STANDARD_ERRORS = 3;

/**
 * Realised performance: how the champion's scores of an earlier partition compare with its labels
 * now that they are known. AUC alerts when it is 0.05 or more below the validation's and three
 * standard errors do not explain it; on labels the model has learnt from it never alerts.
 *
 * @param scores  Of the eligible rows with a label.
 * @param labels  1 churned, 0 stayed; same rows.
 */
export function performanceMetrics(input: {
  readonly head: MetricHead;
  readonly partitionDate: string;
  readonly scores: Float64Array;
  readonly labels: Uint8Array;
  readonly expectedAuc: number | null;
  readonly isInSample: boolean;
}): DriftMetric[] {
  const { scores, labels, expectedAuc, isInSample } = input;
  const subject = `performance/${input.partitionDate}`;
  const head = { ...input.head, subject, rows: labels.length, reference_rows: null };
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const threshold = expectedAuc === null ? null : expectedAuc - driftThresholds.aucDrop;
  if (labels.length < driftThresholds.rowsMin || positives === 0 || positives === labels.length) {
    return [{ ...head, metric: 'auc', value: null, threshold, status: 'insufficient_sample' }];
  }
  const found = evaluatePredictions(scores, labels);
  const recorded: DriftStatus = isInSample ? 'in_sample' : 'recorded';
  const record = (metric: string, value: number): DriftMetric => ({
    ...head,
    metric,
    value,
    threshold: null,
    status: recorded,
  });
  const error = aucStandardError(found.auc, positives, labels.length - positives);
  const isWorse =
    threshold !== null &&
    expectedAuc !== null &&
    found.auc <= threshold &&
    found.auc < expectedAuc - STANDARD_ERRORS * error;
  const judged: DriftStatus = isWorse ? 'alert' : 'ok';
  const status = isInSample || threshold === null ? recorded : judged;
  return [
    { ...head, metric: 'auc', value: found.auc, threshold, status },
    record('log_loss', found.log_loss),
    record('brier', found.brier),
    record('churn_rate', found.base_rate),
    record('mean_score', found.mean_probability),
  ];
}

/** Says that nothing realised can be compared for a partition. */
export function notRealised(
  head: MetricHead,
  partitionDate: string,
  status: 'no_state' | 'no_reference',
): DriftMetric {
  const subject = `performance/${partitionDate}`;
  const row = { ...head, subject, rows: 0, reference_rows: null };
  return { ...row, metric: 'auc', value: null, threshold: null, status };
}

/** Hanley and McNeil (1982). */
function aucStandardError(auc: number, positives: number, negatives: number): number {
  const twoPositives = auc / (2 - auc);
  const twoNegatives = (2 * auc ** 2) / (1 + auc);
  const variance =
    auc * (1 - auc) +
    (positives - 1) * (twoPositives - auc ** 2) +
    (negatives - 1) * (twoNegatives - auc ** 2);
  return Math.sqrt(Math.max(0, variance) / (positives * negatives));
}
