import { columnMoments } from '../solvers/column-moments';
import type { DriftReference, ReferenceDistribution } from '../model-documents';

const QUANTILE_COUNT = 10;

/**
 * Freezes a column's distribution: the edges are the deciles of its values other than 0,
 * deduplicated, because counts have many ties and zero has a bin of its own.
 */
export function referenceDistribution(name: string, column: Float64Array): ReferenceDistribution {
  const present = column.filter((value) => !Number.isNaN(value));
  const edges = decileEdges(present.filter((value) => value !== 0));
  const { mean, standardDeviation, isConstant } = columnMoments(present);
  return {
    name,
    edges,
    counts: binCounts(column, edges),
    rows: column.length,
    mean,
    standard_deviation: standardDeviation,
    null_share: column.length === 0 ? 0 : 1 - present.length / column.length,
    constant: isConstant && present.length === column.length,
  };
}

/** The smallest values below which at least k tenths lie, k = 1 … 9; sorts its argument. */
function decileEdges(values: Float64Array): number[] {
  if (values.length === 0) return [];
  values.sort();
  const largest = values[values.length - 1]!;
  const deciles = Array.from(
    { length: QUANTILE_COUNT - 1 },
    (_, index) => values[Math.ceil(((index + 1) * values.length) / QUANTILE_COUNT) - 1]!,
  );
  // The last interval is open: an edge at the maximum would leave it empty.
  return [...new Set(deciles)].filter((edge) => edge < largest);
}

/**
 * Counts values in the bins of a reference (see `ReferenceDistribution`): null or NaN, exactly 0,
 * then (−∞, e₁], (e₁, e₂], …, (eₖ, +∞).
 */
export function binCounts(values: ArrayLike<number | null>, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 3).fill(0);
  for (let row = 0; row < values.length; row++) counts[binOf(values[row]!, edges)]! += 1;
  return counts;
}

function binOf(value: number | null, edges: readonly number[]): number {
  if (value === null || Number.isNaN(value)) return 0;
  if (value === 0) return 1;
  let interval = 0;
  while (interval < edges.length && value > edges[interval]!) interval++;
  return interval + 2;
}

/** The reference that drift of later days is measured against. */
export function driftReference(input: {
  readonly featureNames: readonly string[];
  readonly columns: readonly Float64Array[];
  readonly trainingScores: Float64Array;
  readonly lastKnownChurnRate: number;
}): DriftReference {
  const scores = referenceDistribution('churn_probability', input.trainingScores);
  return {
    rows: input.trainingScores.length,
    features: input.featureNames.map((name, index) =>
      referenceDistribution(name, input.columns[index]!),
    ),
    scores,
    mean_score: scores.mean,
    last_known_churn_rate: input.lastKnownChurnRate,
  };
}
