import { binCounts, type ReferenceDistribution } from '../../modeling';
import { chiSquareQuantile } from '../statistics/chi-square';
import {
  driftThresholds,
  type DriftMetric,
  type DriftStatus,
  type MetricHead,
} from '../drift-report';
import { homogeneity } from '../statistics/homogeneity';
import { meanShift } from '../statistics/mean-shift';
import { populationStabilityIndex } from '../statistics/population-stability-index';
import { countUsedBins, psiNoiseBound } from '../statistics/psi-noise-bound';

/**
 * How a column differs from its reference: `psi`, `chi_square`, `mean`, `z_of_mean` and
 * `standardised_shift`.
 *
 * PSI alerts above 0.1 *and* above its noise bound, confirmed by the χ² test of homogeneity (which
 * keeps its level where bins are thin); the mean alerts at |z| > 3 *and* a standardised shift of at
 * least 0.1. Neither alerts on fewer than `rowsMin` values; a constant reference says nothing.
 *
 * @param values  Today's values, NaN for null.
 * @param tests   How many distributions are tested on this day.
 */
export function distributionMetrics(input: {
  readonly head: MetricHead;
  readonly subject: string;
  readonly reference: ReferenceDistribution;
  readonly values: Float64Array;
  readonly tests: number;
}): DriftMetric[] {
  const { reference, values, subject } = input;
  const head = { ...input.head, subject, rows: values.length, reference_rows: reference.rows };
  const mean = meanOf(values);
  const recordedMean = { ...head, metric: 'mean', value: mean, threshold: null };
  const withheld = withheldStatus(reference, values);
  if (withheld || mean === null) {
    const status = withheld ?? 'insufficient_sample';
    const psi = { ...head, metric: 'psi', value: null, threshold: null, status };
    return [psi, { ...recordedMean, status: 'recorded' }];
  }
  return [
    ...psiMetrics(head, reference, values, driftThresholds.alpha / input.tests),
    { ...recordedMean, status: 'recorded' },
    ...meanMetrics(head, reference, mean),
  ];
}

function withheldStatus(
  reference: ReferenceDistribution,
  values: Float64Array,
): DriftStatus | undefined {
  if (reference.constant) return 'constant';
  const isSmall = Math.min(values.length, reference.rows) < driftThresholds.rowsMin;
  return isSmall ? 'insufficient_sample' : undefined;
}

type Head = MetricHead & { readonly subject: string };

function psiMetrics(
  head: Head,
  reference: ReferenceDistribution,
  values: Float64Array,
  alpha: number,
): DriftMetric[] {
  const today = binCounts(values, reference.edges);
  const psi = populationStabilityIndex(reference.counts, today);
  const bins = countUsedBins(reference.counts, today);
  const noise = psiNoiseBound({
    referenceRows: reference.rows,
    rows: values.length,
    bins,
    alpha,
  });
  const threshold = Math.max(driftThresholds.psi, noise);
  const { statistic, degreesOfFreedom } = homogeneity(reference.counts, today);
  const critical = degreesOfFreedom > 0 ? chiSquareQuantile(1 - alpha, degreesOfFreedom) : 0;
  const status = psi > threshold && statistic > critical ? 'alert' : 'ok';
  return [
    { ...head, metric: 'psi', value: psi, threshold, status },
    { ...head, metric: 'chi_square', value: statistic, threshold: critical, status: 'recorded' },
  ];
}

function meanMetrics(head: Head, reference: ReferenceDistribution, mean: number): DriftMetric[] {
  if (reference.standard_deviation === 0) return [];
  const { z, standardisedShift } = meanShift(
    {
      mean: reference.mean,
      standardDeviation: reference.standard_deviation,
      rows: reference.rows,
    },
    { mean, rows: head.rows },
  );
  const { zOfMean, standardisedShift: shiftMin } = driftThresholds;
  const isShifted = Math.abs(z) > zOfMean && Math.abs(standardisedShift) >= shiftMin;
  const status = isShifted ? 'alert' : 'ok';
  return [
    { ...head, metric: 'z_of_mean', value: z, threshold: zOfMean, status },
    {
      ...head,
      metric: 'standardised_shift',
      value: standardisedShift,
      threshold: shiftMin,
      status,
    },
  ];
}

/** Of the values that are there; null without any. */
export function meanOf(values: Float64Array): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return count === 0 ? null : sum / count;
}
