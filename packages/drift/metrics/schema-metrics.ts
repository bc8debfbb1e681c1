import { compareColumns, type TypedColumn } from './compare-columns';
import type { DriftMetric, MetricHead } from '../drift-report';
import type { FeatureColumns } from './read-feature-columns';

/** Schema drift: columns, hash, and the share of each feature that is null or NaN (over all rows). */
export function schemaMetrics(input: {
  readonly head: MetricHead;
  readonly data: FeatureColumns;
  readonly expectedColumns: readonly TypedColumn[];
  /** Whether partition, code and champion carry the same schema hash. */
  readonly isHashEqual: boolean;
}): DriftMetric[] {
  const { data } = input;
  const differences = compareColumns(data.columnTypes, input.expectedColumns);
  const head = { ...input.head, rows: data.rows, reference_rows: null };
  const mustBeZero = (subject: string, metric: string, value: number): DriftMetric => ({
    ...head,
    subject,
    metric,
    value,
    threshold: 0,
    status: value > 0 ? 'alert' : 'ok',
  });
  return [
    mustBeZero('schema', 'missing_columns', differences.missing.length),
    mustBeZero('schema', 'extra_columns', differences.extra.length),
    mustBeZero('schema', 'retyped_columns', differences.retyped.length),
    mustBeZero('schema', 'hash_mismatch', input.isHashEqual ? 0 : 1),
    ...[...data.features].map(([name, values]) =>
      mustBeZero(name, 'null_share', nullShare(values)),
    ),
  ];
}

function nullShare(values: Float64Array): number {
  if (values.length === 0) return 0;
  return values.filter((value) => Number.isNaN(value)).length / values.length;
}
