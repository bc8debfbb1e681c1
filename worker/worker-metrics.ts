import type { MetricMeter } from '@temporalio/common';
import {
  alertKinds,
  alertSeverities,
  dailyRunStatuses,
  partitionStatuses,
  publishers,
  stepNames,
  type Alert,
  type FinishedDailyRun,
  type PartitionOutcome,
  type Publisher,
} from '../packages/contracts';

/** From a step of a small installation to a chunk of a year of a large one. */
const STEP_BUCKETS_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400];
const STEP_DURATION = 'churn_step_duration_seconds';
export const histogramBuckets = { [STEP_DURATION]: STEP_BUCKETS_SECONDS };

export interface StepAttempt {
  /** Its activity type. */
  readonly step: string;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled';
  readonly seconds: number;
  /** Of a failure: the catalogue's code, or UNKNOWN. */
  readonly code?: string;
}

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;

/**
 * What the worker tells Prometheus of runs, beside what Temporal's SDK tells of queues, slots and
 * requests. Counts are of this process: what is known of all runs is in Postgres.
 */
export function createWorkerMetrics(meter: MetricMeter, rawTables: readonly string[]) {
  const counters = createCounters(meter);
  startAtZero(counters, rawTables);
  const { steps, newestRun, unfinished, servers } = createOthers(meter);
  let newestSeconds = 0;
  const isFirst = createMemory();
  return {
    attemptEnded({ step, outcome, seconds, code }: StepAttempt): void {
      steps.record(seconds, { step, outcome });
      if (outcome === 'failed') counters.failures.add(1, { step, code: code ?? 'UNKNOWN' });
    },
    rowsLoaded(rowsByTable: Readonly<Record<string, number>>, rejectedRows: number): void {
      for (const [table, count] of Object.entries(rowsByTable)) counters.rows.add(count, { table });
      counters.rejected.add(rejectedRows, {});
    },
    partitionPublished(by: Publisher): void {
      counters.partitions.add(1, { by });
    },
    backfillDates(outcomes: readonly PartitionOutcome[]): void {
      for (const { status } of outcomes) counters.dates.add(1, { status });
    },
    /** Counts a run once, however often its end is told. */
    dailyRunEnded({ runId, status }: FinishedDailyRun): void {
      if (isFirst(runId)) counters.runs.add(1, { status });
    },
    dailyRunRecorded({ report: { date }, status }: FinishedDailyRun): void {
      if (status !== 'succeeded') return;
      newestSeconds = Math.max(newestSeconds, Date.parse(`${date}T00:00:00Z`) / 1_000);
      newestRun.set(newestSeconds, {});
    },
    serverUp(server: string, isUp: boolean): void {
      servers.set(isUp ? 1 : 0, { server });
    },
    runsUnfinished(count: number): void {
      unfinished.set(count, {});
    },
    /** One of which first only the line and later the row was written is counted once. */
    alertRaised({ key, kind, severity, details: { step } }: Alert): void {
      if (!isFirst(key)) return;
      counters.alerts.add(1, { kind, severity });
      const isBreach = kind === 'sla' && severity === 'critical';
      if (isBreach && typeof step === 'string') counters.breaches.add(1, { step });
    },
  };
}

function createCounters(meter: MetricMeter) {
  const counter = (name: string, help: string) => meter.createCounter(name, '', help);
  return {
    failures: counter('churn_step_failures_total', 'Failed attempts of steps, by error code.'),
    rows: counter('churn_rows_loaded_total', 'Raw rows loaded by daily runs, by table.'),
    rejected: counter('churn_rows_rejected_total', 'Raw rows that daily runs rejected.'),
    partitions: counter(
      'churn_partitions_published_total',
      'Partitions published, by what published them.',
    ),
    dates: counter('churn_backfill_dates_total', 'Dates of backfills, by what became of them.'),
    runs: counter('churn_daily_runs_total', 'Daily runs that ended, by status.'),
    breaches: counter('churn_sla_breaches_total', 'Steps not done by their deadline, by step.'),
    alerts: counter('churn_alerts_total', 'Alerts raised, by kind and severity.'),
  };
}

/**
 * Every series whose labels are known is there from the start, so that its first event is an increase.
 * Those of failed attempts are not: steps and codes are many.
 */
function startAtZero(
  { rows, rejected, partitions, dates, runs, breaches, alerts }: ReturnType<typeof createCounters>,
  rawTables: readonly string[],
): void {
  for (const table of rawTables) rows.add(0, { table });
  rejected.add(0, {});
  for (const by of publishers) partitions.add(0, { by });
  for (const status of partitionStatuses) dates.add(0, { status });
  for (const status of dailyRunStatuses) runs.add(0, { status });
  for (const step of stepNames) breaches.add(0, { step });
  for (const kind of alertKinds) {
    for (const severity of alertSeverities) alerts.add(0, { kind, severity });
  }
}

/** Returns a function that is true the first time it is given a text. There are a few a day. */
function createMemory(): (text: string) => boolean {
  const known = new Set<string>();
  return (text) => known.size < known.add(text).size;
}

function createOthers(meter: MetricMeter) {
  const gauge = (name: string, help: string) => meter.createGauge(name, 'int', '', help);
  return {
    steps: meter.createHistogram(
      STEP_DURATION,
      'float',
      '',
      'Time of one attempt of a step (an activity), by outcome.',
    ),
    newestRun: gauge(
      'churn_daily_run_newest_date_timestamp_seconds',
      'Midnight UTC of the newest date whose daily run this process has seen succeed.',
    ),
    unfinished: gauge(
      'churn_daily_runs_unfinished',
      'Dates whose daily run should have succeeded, has not, and is not running.',
    ),
    servers: gauge('churn_server_up', 'Whether the worker reaches Postgres, Redis, Temporal.'),
  };
}
