import type { PublishedPartition } from '../contracts';
import type { DuckDb } from '../duckdb';
import {
  describeEligibility,
  isSameEligibility,
  knowsState,
  type DriftReference,
  type Eligibility,
  type EligibilityHashes,
} from '../modeling';
import type { TypedColumn } from './metrics/compare-columns';
import { distributionMetrics, meanOf } from './metrics/distribution-metrics';
import { driftAlerts } from './drift-alerts';
import {
  driftThresholds,
  type DriftMetric,
  type DriftReport,
  type MetricHead,
} from './drift-report';
import { notRealised, performanceMetrics } from './metrics/performance-metrics';
import { predictionMetrics } from './metrics/prediction-metrics';
import {
  readFeatureColumns,
  selectRows,
  type FeatureColumns,
} from './metrics/read-feature-columns';
import { schemaMetrics } from './metrics/schema-metrics';

/** What the code expects of a partition; a `FeatureSet` of packages/features is one. */
export interface ExpectedSchema extends Eligibility {
  readonly schemaHash: string;
  /** All columns of a partition, in order. */
  readonly columns: readonly TypedColumn[];
  readonly features: readonly { readonly name: string; readonly type: string }[];
  readonly label: { readonly name: string };
}

/** The champion at the run's start. */
export interface DriftChampion {
  readonly version: string;
  readonly schemaHash: string;
  /** metadata.eligibility_hashes; null: trained before there were any, on other rows than these. */
  readonly eligibilityHashes: EligibilityHashes | null;
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
    const data = await readFeatureColumns(duckDb, partition, expected);
    const matured =
      options.matured && champion
        ? await readFeatureColumns(duckDb, options.matured, expected)
        : null;
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
        expectedColumns: columnsOf(partition, expected),
        isHashEqual: isSchemaOf(partition, expected, champion),
      }),
      ...populationMetrics(options, head, data),
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

/** A partition that says it has no state lacks no column: it is out of date, not broken. */
function columnsOf(
  { manifest }: PublishedPartition,
  { columns, state }: ExpectedSchema,
): readonly TypedColumn[] {
  const saysState = manifest.definition_hashes[state.name] !== undefined;
  return saysState ? columns : columns.filter(({ name }) => name !== state.name);
}

/** Why features and scores can't be compared; undefined: they can. */
function incomparable(
  { champion, expected }: DetectDriftOptions,
  { manifest }: PublishedPartition,
): { readonly status: 'no_state' | 'no_reference'; readonly why: string } | undefined {
  if (!knowsState(manifest, expected)) {
    const why = `partition ${manifest.date} has no is_subscribed column as this release defines it; a backfill adds it`;
    return { status: 'no_state', why };
  }
  if (!champion) return { status: 'no_reference', why: 'no model is the champion yet' };
  if (isSameEligibility(champion.eligibilityHashes, expected)) return undefined;
  const why = `model ${champion.version} was not trained on the users who are eligible now (${describeEligibility(expected)}); the next one will be`;
  return { status: 'no_reference', why };
}

function populationMetrics(
  { partition, expected }: DetectDriftOptions,
  head: MetricHead,
  data: FeatureColumns,
): DriftMetric[] {
  const row = { ...head, subject: 'population', metric: 'eligible_share', reference_rows: null };
  if (!knowsState(partition.manifest, expected)) {
    return [{ ...row, value: null, threshold: null, status: 'no_state' }];
  }
  const value = data.rows === 0 ? null : eligibleRows(data) / data.rows;
  return [{ ...row, value, threshold: null, status: 'recorded' }];
}

function eligibleRows(data: FeatureColumns): number {
  return data.isEligible.reduce((sum, mark) => sum + mark, 0);
}

/** Features and scores against the reference; without a comparable one the means are recorded. */
function comparisons(
  options: DetectDriftOptions,
  head: MetricHead,
  data: FeatureColumns,
): DriftMetric[] {
  const { champion, partition, expected } = options;
  const problem = incomparable(options, partition);
  // Who is eligible is not known: a mean over everybody would stand beside means over the eligible.
  if (problem?.status === 'no_state') return [];
  const eligible = new Map(
    [...data.features].map(([name, values]) => [name, selectRows(values, data.isEligible)]),
  );
  // Features of another meaning, or a model that reads them, would compare what is not comparable.
  if (problem || !champion || !isSchemaOf(partition, expected, champion)) {
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
  return [...features, ...predictionMetrics({ head, reference, scores, tests })];
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
  options: DetectDriftOptions,
  head: MetricHead,
  data: FeatureColumns | null,
): DriftMetric[] {
  const { champion, matured, expected } = options;
  if (!champion || !matured || !data?.labels) return [];
  if (!matured.manifest.label_mature || !isSchemaOf(matured, expected, champion)) return [];
  const problem = incomparable(options, matured);
  if (problem) return [notRealised(head, matured.manifest.date, problem.status)];
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
  options: DetectDriftOptions,
  data: FeatureColumns,
  metrics: readonly DriftMetric[],
): DriftReport {
  const { date, partition, champion, expected } = options;
  const alerts = driftAlerts(metrics);
  const eligible = knowsState(partition.manifest, expected) ? eligibleRows(data) : null;
  const problem = incomparable(options, partition);
  return {
    date,
    status: alerts.length > 0 ? 'alert' : (problem?.status ?? statusWithoutAlert(eligible ?? 0)),
    not_compared: problem?.why ?? null,
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

function statusWithoutAlert(eligible: number): 'insufficient_sample' | 'ok' {
  return eligible < driftThresholds.rowsMin ? 'insufficient_sample' : 'ok';
}
