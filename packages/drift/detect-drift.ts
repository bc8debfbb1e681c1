import type { PublishedPartition } from '../contracts';
import type { DuckDb } from '../duckdb';
import type { DriftReference } from '../modeling';
import type { ColumnType } from './compare-columns';
import { distributionMetrics, meanOf } from './distribution-metrics';
import { driftAlerts } from './drift-alerts';
import {
  driftThresholds,
  type DriftMetric,
  type DriftReport,
  type MetricHead,
} from './drift-report';
import { performanceMetrics } from './performance-metrics';
import { predictionMetrics } from './prediction-metrics';
import { readFeatureColumns, selectRows, type FeatureColumns } from './read-feature-columns';
import { schemaMetrics } from './schema-metrics';

/** What the code expects of a partition; a `FeatureSet` of packages/features is one. */
export interface ExpectedSchema {
  readonly schemaHash: string;
  /** All columns of a partition, in order. */
  readonly columns: readonly ColumnType[];
  readonly features: readonly { readonly name: string; readonly type: string }[];
  readonly label: { readonly name: string };
  /** The feature that is above 0 for whoever is predicted. */
  readonly eligibleBy: string;
}

/** The champion at the run's start. */
export interface DriftChampion {
  readonly version: string;
  readonly schemaHash: string;
  /** metadata.drift_reference. */
  readonly reference: DriftReference;
  /** Churn probabilities of rows given as columns in feature order; of ServingModel. */
  readonly scoreColumns: (columns: readonly Float64Array[], rows: number) => Float64Array;
  /** AUC of its validation; null: realised AUC is recorded and never alerts. */
  readonly validationAuc: number | null;
  /** The last day whose labels it has seen (validation included); null when not known. */
  readonly seenThrough: string | null;
}

export interface DetectDriftOptions {
  readonly date: string;
  readonly partition: PublishedPartition;
  readonly openDuckDb: () => Promise<DuckDb>;
  readonly expected: ExpectedSchema;
  /** Null: there is no model yet; schema drift is still looked at. */
  readonly champion: DriftChampion | null;
  /** Default: the one in the champion's reference. */
  readonly lastKnownChurnRate?: number;
  /** An earlier partition whose labels are known by now, for realised performance. */
  readonly matured?: PublishedPartition | null;
}

/**
 * Compares a partition with what the champion was trained on. Features and scores are compared on
 * eligible users, as in training. A pure function of the files and the options: there is no clock in
 * it.
 */
export async function detectDrift(options: DetectDriftOptions): Promise<DriftReport> {
  const { champion, expected, partition } = options;
  const duckDb = await options.openDuckDb();
  try {
    const names = {
      features: expected.features.map(({ name }) => name),
      label: expected.label.name,
      eligibleBy: expected.eligibleBy,
    };
    const data = await readFeatureColumns(duckDb, partition, names);
    const matured =
      options.matured && champion ? await readFeatureColumns(duckDb, options.matured, names) : null;
    const head: MetricHead = {
      date: options.date,
      model_version: champion?.version ?? null,
      reference_rows: champion?.reference.rows ?? null,
      rows: data.rows,
    };
    const metrics = [
      ...schemaMetrics({
        head,
        data,
        expectedColumns: expected.columns,
        isHashEqual: isSchemaOf(partition, expected, champion),
      }),
      ...populationMetrics(head, data),
      ...comparisons(options, head, data),
      ...realised(options, head, matured),
    ];
    return toReport(options, data, metrics);
  } finally {
    duckDb.close();
  }
}

function isSchemaOf(
  { manifest }: PublishedPartition,
  expected: ExpectedSchema,
  champion: DriftChampion | null,
): boolean {
  const isCode = manifest.schema_hash === expected.schemaHash;
  return isCode && (champion === null || champion.schemaHash === manifest.schema_hash);
}

function populationMetrics(head: MetricHead, data: FeatureColumns): DriftMetric[] {
  const value = data.rows === 0 ? null : eligibleRows(data) / data.rows;
  const row = { ...head, subject: 'population', metric: 'eligible_share', reference_rows: null };
  return [{ ...row, value, threshold: null, status: 'recorded' }];
}

function eligibleRows(data: FeatureColumns): number {
  return data.isEligible.reduce((sum, mark) => sum + mark, 0);
}

/** Features and scores against the reference; without a comparable one the means are recorded. */
function comparisons(
  { champion, partition, expected, lastKnownChurnRate }: DetectDriftOptions,
  head: MetricHead,
  data: FeatureColumns,
): DriftMetric[] {
  const eligible = new Map(
    [...data.features].map(([name, values]) => [name, selectRows(values, data.isEligible)]),
  );
  // Features of another meaning, or a model that reads them, would compare what is not comparable.
  if (!champion || !isSchemaOf(partition, expected, champion)) {
    return [...eligible].map(([subject, values]) => ({
      ...head,
      reference_rows: null,
      subject,
      metric: 'mean',
      value: meanOf(values),
      threshold: null,
      status: 'no_reference' as const,
      rows: values.length,
    }));
  }
  const { reference } = champion;
  const tested = [...reference.features, reference.scores].filter(({ constant }) => !constant);
  const tests = Math.max(1, tested.length);
  const features = reference.features.flatMap((distribution) => {
    const values = eligible.get(distribution.name);
    if (!values) return [];
    return distributionMetrics({
      head,
      subject: distribution.name,
      reference: distribution,
      values,
      tests,
    });
  });
  const scores = scoreRows(champion, expected, data, data.isEligible);
  const churnRate = lastKnownChurnRate ?? reference.last_known_churn_rate;
  return [
    ...features,
    ...predictionMetrics({ head, reference, scores, lastKnownChurnRate: churnRate, tests }),
  ];
}

/** Scores of the rows marked 1; a row with a null feature has no score. */
function scoreRows(
  champion: DriftChampion,
  { features }: ExpectedSchema,
  data: FeatureColumns,
  marks: Uint8Array,
): Float64Array {
  const scorable = markComplete(features, data, marks);
  const columns = features.map(({ name }) => {
    return selectRows(data.features.get(name) ?? new Float64Array(), scorable);
  });
  return champion.scoreColumns(columns, columns[0]?.length ?? 0);
}

/** Of the marked rows, those with every feature. */
function markComplete(
  features: ExpectedSchema['features'],
  data: FeatureColumns,
  marks: Uint8Array,
): Uint8Array {
  const columns = features.map(({ name }) => data.features.get(name));
  return marks.map((mark, row) => {
    const isComplete = columns.every((values) => values && !Number.isNaN(values[row]));
    return isComplete ? mark : 0;
  });
}

function realised(
  { champion, matured, expected }: DetectDriftOptions,
  head: MetricHead,
  data: FeatureColumns | null,
): DriftMetric[] {
  if (!champion || !matured || !data?.labels) return [];
  if (!matured.manifest.label_mature || !isSchemaOf(matured, expected, champion)) return [];
  const { labels } = data;
  const isLabelled = data.isEligible.map((mark, row) => (Number.isNaN(labels[row]) ? 0 : mark));
  const marks = markComplete(expected.features, data, isLabelled);
  const { seenThrough } = champion;
  return performanceMetrics({
    head,
    partitionDate: matured.manifest.date,
    scores: scoreRows(champion, expected, data, marks),
    labels: Uint8Array.from(selectRows(labels, marks)),
    expectedAuc: champion.validationAuc,
    isInSample: seenThrough !== null && matured.manifest.date <= seenThrough,
  });
}

function toReport(
  { date, partition, champion }: DetectDriftOptions,
  data: FeatureColumns,
  metrics: readonly DriftMetric[],
): DriftReport {
  const alerts = driftAlerts(metrics);
  const eligible = eligibleRows(data);
  const quiet = eligible < driftThresholds.rowsMin ? 'insufficient_sample' : 'ok';
  const withoutAlert = champion ? quiet : 'no_reference';
  return {
    date,
    status: alerts.length > 0 ? 'alert' : withoutAlert,
    model_version: champion?.version ?? null,
    feature_time: partition.manifest.feature_time,
    revision: partition.manifest.revision,
    rows: data.rows,
    eligible_rows: eligible,
    reference_rows: champion?.reference.rows ?? null,
    metrics,
    alerts,
  };
}
