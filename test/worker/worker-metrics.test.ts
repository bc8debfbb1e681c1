import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Runtime } from '@temporalio/worker';
import { alertKinds, type Alert, type DailyRunReport } from '../../packages/contracts/runs';
import { choosePort } from '../../packages/local-services/processes/tcp-ports';
import { installRuntime } from '../../worker/install-runtime';
import { observePorts } from '../../worker/observe-ports';
import { observeSteps } from '../../worker/observe-steps';
import { createWorkerLog } from '../../worker/worker-log';
import { createWorkerMetrics, type WorkerMetrics } from '../../worker/worker-metrics';
import { createFakePipelinePorts, someKnowledge } from '../workflows/fake-pipeline-ports';

const progress = { report: () => {}, signal: new AbortController().signal };
const reportOf = (date: string): DailyRunReport => ({
  date,
  verdict: 'pass',
  steps: [],
  slaBreaches: [],
});

/** Through Temporal's runtime and its exporter: the names and values that Prometheus gets. */
describe("the worker's metrics", () => {
  let runtime: Runtime;
  let metrics: WorkerMetrics;
  let url: string;

  beforeAll(async () => {
    const port = await choosePort({ service: 'a test' });
    url = `http://127.0.0.1:${port}/metrics`;
    const log = createWorkerLog('silent');
    runtime = installRuntime({ log, metrics: { host: '127.0.0.1', port } });
    metrics = createWorkerMetrics(runtime.metricMeter, ['users', 'user_events']);
  });
  afterAll(() => runtime.shutdown());

  it('has what alert rules watch before anything has happened', async () => {
    const values = await scrape(url);
    const counters = [...values].filter(([name]) => /^churn_\w+_total/.test(name));
    expect(counters.filter(([, value]) => value !== 0)).toEqual([]);
    for (const series of [
      'churn_rows_loaded_total{table="users"}',
      'churn_rows_rejected_total',
      'churn_partitions_published_total{by="restate"}',
      'churn_backfill_dates_total{status="failed"}',
      'churn_daily_runs_total{status="cancelled"}',
      'churn_sla_breaches_total{step="train_model"}',
    ]) {
      expect([series, values.get(series)]).toEqual([series, 0]);
    }
    const ofAlerts = [...values.keys()].filter((name) => /churn_alerts_total.*critical/.test(name));
    expect(ofAlerts).toHaveLength(alertKinds.length);
  });

  it('counts rows, partitions, dates, runs and alerts', async () => {
    const sla: Alert = {
      key: 'sla/2024-06-01/train_model/breach',
      kind: 'sla',
      severity: 'critical',
      date: '2024-06-01',
      message: 'late',
      details: { step: 'train_model' },
    };
    const ports = observePorts(
      createFakePipelinePorts({
        generateData: async () => ({ batch: 7, rows: { users: 3, user_events: 20 }, rejected: 2 }),
        computeChunk: async () => [
          { date: '2024-05-01', status: 'succeeded' },
          { date: '2024-05-02', status: 'failed', error: 'X' },
        ],
      }),
      metrics,
    );
    await ports.generateData('2024-06-01', progress);
    const dates = ['2024-05-03', '2024-05-04'];
    const chunk = { runId: 'b', dates, knowledge: someKnowledge, reason: 'backfill' };
    await ports.computeChunk(chunk, progress);
    await ports.settleChunk({ ...chunk, as: 'failed', error: 'out of memory' });
    for (const [date, status] of [
      ['2024-06-01', 'succeeded'],
      ['2024-05-20', 'succeeded'],
      ['2024-06-02', 'failed'],
      ['2024-06-03', 'cancelled'],
    ] as const) {
      await ports.finishDailyRun({ report: reportOf(date), status, runId: `run of ${date}` });
    }
    for (const by of ['daily', 'restate', 'restate', 'backfill'] as const) {
      metrics.partitionPublished(by);
    }
    metrics.runsUnfinished(2);
    // First only its line could be written.
    metrics.alertRaised(sla);
    metrics.alertRaised(sla);

    expect(Object.fromEntries(await scrape(url))).toMatchObject({
      'churn_rows_loaded_total{table="user_events"}': 20,
      churn_rows_rejected_total: 2,
      'churn_partitions_published_total{by="daily"}': 1,
      'churn_partitions_published_total{by="restate"}': 2,
      'churn_partitions_published_total{by="backfill"}': 1,
      'churn_backfill_dates_total{status="failed"}': 3,
      'churn_daily_runs_total{status="succeeded"}': 2,
      'churn_daily_runs_total{status="failed"}': 1,
      'churn_daily_runs_total{status="cancelled"}': 1,
      churn_daily_run_newest_date_timestamp_seconds: Date.parse('2024-06-01T00:00:00Z') / 1_000,
      churn_daily_runs_unfinished: 2,
      'churn_sla_breaches_total{step="train_model"}': 1,
      'churn_alerts_total{kind="sla",severity="critical"}': 1,
    });
  });

  it('counts nothing of what failed', async () => {
    const before = await scrape(url);
    const generateData = () => Promise.reject(new Error('lost the disk'));
    const ports = observePorts(createFakePipelinePorts({ generateData }), metrics);
    await expect(ports.generateData('2024-06-05', progress)).rejects.toThrow('lost the disk');
    expect(await scrape(url)).toEqual(before);
  });

  it('counts a run that Postgres can not be told of once, and its date when it knows', async () => {
    const newest = 'churn_daily_run_newest_date_timestamp_seconds';
    const succeeded = 'churn_daily_runs_total{status="succeeded"}';
    const before = await scrape(url);
    let isDown = true;
    const finishDailyRun = async () => {
      if (isDown) throw new Error('away');
    };
    const ports = observePorts(createFakePipelinePorts({ finishDailyRun }), metrics);
    const run = { report: reportOf('2024-06-05'), status: 'succeeded', runId: 'r5' } as const;
    await expect(ports.finishDailyRun(run)).rejects.toThrow('away');
    await expect(ports.finishDailyRun(run)).rejects.toThrow('away');
    const during = await scrape(url);
    expect(during.get(succeeded)).toBe(before.get(succeeded)! + 1);
    expect(during.get(newest)).toBe(before.get(newest));
    isDown = false;
    await ports.finishDailyRun(run);
    const after = await scrape(url);
    expect(after.get(succeeded)).toBe(before.get(succeeded)! + 1);
    expect(after.get(newest)).toBe(Date.parse('2024-06-05T00:00:00Z') / 1_000);
  });

  it('measures each attempt of a step, and the code of one that failed', async () => {
    const interceptors = [observeSteps(metrics)];
    const environment = new MockActivityEnvironment(
      { activityType: 'compute_features' },
      { interceptors, logger: runtime.logger },
    );
    const failure = ApplicationFailure.create({ type: 'POSTGRES_UNAVAILABLE', message: 'away' });
    const endings = [
      async () => 'done',
      () => Promise.reject(failure),
      () => Promise.reject(new Error('who knows')),
      () => Promise.reject(new CancelledFailure('CANCELLED')),
    ];
    await Promise.allSettled(endings.map((ending) => environment.run(ending)));

    const step = 'step="compute_features"';
    const values = await scrape(url);
    const counted = (labels: string) => values.get(`churn_step_duration_seconds_count{${labels}}`);
    expect(counted(`outcome="succeeded",${step}`)).toBe(1);
    expect(counted(`outcome="failed",${step}`)).toBe(2);
    expect(counted(`outcome="cancelled",${step}`)).toBe(1);
    const bucket = `churn_step_duration_seconds_bucket{outcome="failed",${step},le="14400"}`;
    expect(values.get(bucket)).toBe(2);
    const failures = (code: string) =>
      values.get(`churn_step_failures_total{code="${code}",${step}}`);
    expect([failures('POSTGRES_UNAVAILABLE'), failures('UNKNOWN')]).toEqual([1, 1]);
  });
});

/** Every sample by its name and labels. */
async function scrape(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(url)).text();
  const samples = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
