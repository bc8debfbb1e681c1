import type { WorkflowFailedError } from '@temporalio/client';
import { ChurnError } from '../../packages/contracts/errors';
import { dailyPipeline } from '../../packages/contracts/pipeline';
import type { Alert, DailyRunProgress, DailyRunReport } from '../../packages/contracts/runs';
import { addDays, dateOf, datesBetween, weekdayOf } from '../../packages/instants/logical-date';
import { nominalMillis } from '../../packages/orchestration/sla-deadlines';
import { createFakePipelinePorts, type FakePipelinePorts } from './fake-pipeline-ports';
import { expectPipelineOrder } from './expect-pipeline-order';
import { createSignal } from './signal';
import {
  activitiesOf,
  createTimeSkippingRig,
  recordHistory,
  type RigRun,
  type WorkflowRig,
  REPLAY_MS,
} from './workflow-rig';

const TUESDAY = '2024-06-04';
const THURSDAY = '2024-06-06';

describe('the daily run', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createTimeSkippingRig();
  });
  afterAll(() => rig.close(), REPLAY_MS);

  const statusOf = (report: DailyRunReport) =>
    Object.fromEntries(report.steps.map((step) => [step.step, step.skipped ?? step.status]));
  const daily = (date: string, kind: 'manual' | 'scheduled' = 'manual') => ({
    input: { date, kind },
  });

  /** Runs a day that is expected to fail, and returns its report from the failure's details. */
  async function failedReport(run: RigRun, date: string, name?: string): Promise<DailyRunReport> {
    const handle = await run.start('dailyRun', daily(date));
    const error = await handle.result().then(
      () => {
        throw new Error('the run succeeded');
      },
      (failure: unknown) => failure as WorkflowFailedError,
    );
    if (name) await recordHistory(rig.env, { workflowId: handle.workflowId, name });
    expect(error.cause).toMatchObject({ type: 'RUN_FAILED', nonRetryable: true });
    return (error.cause as { details?: unknown[] }).details![0] as DailyRunReport;
  }

  it('trains from Monday to Wednesday only, and validates every day', async () => {
    const ports = createFakePipelinePorts();
    const week = datesBetween('2024-06-02', '2024-06-08');
    const reports = await rig.run({ ports }, async (run) => {
      const all: DailyRunReport[] = [];
      for (const date of week) {
        const handle = await run.start('dailyRun', daily(date));
        all.push((await handle.result()) as DailyRunReport);
        const name = { [TUESDAY]: 'daily-tuesday', [THURSDAY]: 'daily-thursday' }[date];
        if (name) await recordHistory(rig.env, { workflowId: handle.workflowId, name });
      }
      return all;
    });

    expect(week.map(weekdayOf)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(reports.map((report) => statusOf(report).train_model)).toEqual([
      'not_due',
      'succeeded',
      'succeeded',
      'succeeded',
      'not_due',
      'not_due',
      'not_due',
    ]);
    expect(ports.inputsOf('trainModel')).toEqual(
      ['2024-06-03', '2024-06-04', '2024-06-05'].map((asOf) => ({ asOf })),
    );
    expect(ports.inputsOf('validateSchemas')).toEqual(week.map((date) => ({ date })));
    expect(reports.map(({ verdict }) => verdict)).toEqual(week.map(() => 'pass'));
  });

  it('starts no step before those it comes after have ended, and both branches side by side', async () => {
    const both = meetingOf(2);
    const ports = createFakePipelinePorts({
      trainModel: async () => {
        await both();
        return { version: 'v002', isNew: true, promoted: true, reason: 'better' };
      },
      detectDrift: async () => {
        await both();
        return { status: 'stable', reference: 'v001', alerts: 0 };
      },
    });
    await rig.run({ ports }, (run) => run.execute('dailyRun', daily(TUESDAY)));
    expectPipelineOrder(ports);
  });

  it('gives drift the champion that served when the run started', async () => {
    const ports = createFakePipelinePorts({
      beginDailyRun: async () => ({ championVersion: 'v041', finished: null }),
    });
    await rig.run({ ports }, (run) => run.execute('dailyRun', daily(TUESDAY)));
    expect(ports.inputsOf('detectDrift')).toEqual([{ date: TUESDAY, championVersion: 'v041' }]);
  });

  it('computes with the knowledge that was stored, again after a retry', async () => {
    let attempts = 0;
    const ports = createFakePipelinePorts({
      computeDay: async () => {
        attempts += 1;
        if (attempts < 3) throw new ChurnError('PARTITION_BUSY', { date: TUESDAY });
        return { published: { revision: 1, rows: 3 }, restated: [] };
      },
    });
    const report = await rig.run({ ports }, async (run) => {
      const handle = await run.start('dailyRun', daily(TUESDAY));
      const result = (await handle.result()) as DailyRunReport;
      await recordHistory(rig.env, { workflowId: handle.workflowId, name: 'daily-retry' });
      return result;
    });
    expect(report.verdict).toBe('pass');
    const inputs = ports.inputsOf('computeDay');
    expect(inputs).toHaveLength(3);
    expect(new Set(inputs.map((input) => JSON.stringify(input))).size).toBe(1);
    expect(ports.inputsOf('generateData')).toHaveLength(1);
  });

  it('does nothing on a day whose run has succeeded, and returns that report', async () => {
    const finished: DailyRunReport = { date: TUESDAY, verdict: 'pass', steps: [], slaBreaches: [] };
    const ports = createFakePipelinePorts({
      beginDailyRun: async () => ({ championVersion: null, finished }),
    });
    const report = await rig.run({ ports }, (run) => run.execute('dailyRun', daily(TUESDAY)));
    expect(report).toEqual(finished);
    expect(new Set(ports.calls.map(({ port }) => port))).toEqual(new Set(['beginDailyRun']));
  });

  it('lets drift and validation finish when training fails, then fails with the report', async () => {
    const ports = createFakePipelinePorts({
      trainModel: () => Promise.reject(new ChurnError('TRAINING_NOT_CONVERGED', { iterations: 9 })),
    });
    const report = await rig.run({ ports }, (run) =>
      failedReport(run, TUESDAY, 'daily-failed-training'),
    );
    expect(statusOf(report)).toMatchObject({
      train_model: 'failed',
      run_drift_detection: 'succeeded',
      validate_schema: 'succeeded',
    });
    expect(report.verdict).toBe('fail');
    expect(ports.finished).toMatchObject([{ report, status: 'failed' }]);
    const [key, ...others] = ports.alerts.keys();
    expect(others).toEqual([]);
    // A later run that fails at the same step has an alert of its own.
    expect(key).toMatch(/^run-failed\/2024-06-04\/[0-9a-f-]{36}\/train_model$/);
  });

  it('blocks everything after a failed load, and names the load as what failed', async () => {
    const ports = createFakePipelinePorts({
      generateData: () =>
        Promise.reject(new ChurnError('INVALID_IMPORT', { problem: 'users.csv is missing' })),
    });
    const report = await rig.run({ ports }, (run) =>
      failedReport(run, TUESDAY, 'daily-failed-load'),
    );
    expect(statusOf(report)).toEqual({
      generate_data: 'failed',
      compute_features: 'upstream_failed',
      sync_online_features: 'upstream_failed',
      train_model: 'upstream_failed',
      run_drift_detection: 'upstream_failed',
      validate_schema: 'upstream_failed',
    });
    expect(ports.inputsOf('generateData')).toHaveLength(1);
    expect([...ports.alerts.values()][0]?.message).toContain('users.csv is missing');
  });

  it('warns, and does not fail, when there is not enough data to train or features drift', async () => {
    const ports = createFakePipelinePorts({
      trainModel: () =>
        Promise.reject(
          new ChurnError('NOT_ENOUGH_TRAINING_DATA', { asOf: TUESDAY, problem: '12 days' }),
        ),
      detectDrift: async () => ({ status: 'drifted', reference: 'v001', alerts: 2 }),
    });
    const report = await rig.run({ ports }, (run) =>
      run.execute<DailyRunReport>('dailyRun', daily(TUESDAY)),
    );
    expect(report.verdict).toBe('warn');
    expect(report.steps.find(({ step }) => step === 'train_model')?.result).toMatchObject({
      status: 'not_enough_data',
    });
  });

  it.each([
    ['nothing says which day', { kind: 'manual' }],
    ['the day does not exist', { date: '2024-02-30', kind: 'manual' }],
    ['there is no input at all', undefined],
  ])('refuses to run when %s', async (_case, input) => {
    const ports = createFakePipelinePorts();
    const refused = rig.run({ ports }, async (run) => {
      await expect(run.execute('dailyRun', { input })).rejects.toMatchObject({
        cause: { type: 'INVALID_REQUEST', nonRetryable: true },
      });
    });
    await refused;
    expect(ports.calls).toEqual([]);
  });

  it('answers the query progress with what has settled', async () => {
    const ports = createFakePipelinePorts();
    const progress = await rig.run({ ports }, async (run) => {
      const handle = await run.start('dailyRun', daily(THURSDAY));
      await handle.result();
      return handle.query<DailyRunProgress>('progress');
    });
    expect(progress.running).toEqual([]);
    expect(progress.settled.map(({ step }) => step)).toHaveLength(dailyPipeline.length);
  });

  /** Kind of the alerts and status of the entries in the ledger, in the order in which they came. */
  const endOf = (ports: FakePipelinePorts) =>
    ports.calls
      .filter(({ phase }) => phase === 'start')
      .flatMap(({ port, input }) => {
        if (port === 'raiseAlert') return [(input as Alert).key.split('/').at(-1)];
        return port === 'finishDailyRun' ? [(input as { status: string }).status] : [];
      });
  const refused = () => Promise.reject(new ChurnError('DATABASE_NOT_MIGRATED', { problem: 'old' }));

  it.each([
    ['it could not begin', { beginDailyRun: refused }, ['begin_daily_run', 'failed'], 'fail'],
    [
      'its end could not be recorded',
      { finishDailyRun: refused },
      ['succeeded', 'finish_daily_run'],
      'pass',
    ],
    [
      'neither a step nor the record of it succeeded',
      { syncOnline: refused, finishDailyRun: refused },
      ['sync_online_features', 'failed'],
      'fail',
    ],
  ] as const)('alerts and fails when %s', async (what, scripted, end, verdict) => {
    const ports = createFakePipelinePorts(scripted);
    const name = what === 'it could not begin' ? 'daily-failed-begin' : undefined;
    const report = await rig.run({ ports }, (run) => failedReport(run, THURSDAY, name));
    expect(endOf(ports)).toEqual(end);
    expect(report.verdict).toBe(verdict);
  });

  describe('SLA', () => {
    /** Skips to shortly before the nominal time of the next day, and returns that day. */
    async function nextDay(minutesAfterNominal = -1): Promise<string> {
      const now = await rig.env.currentTimeMs();
      const date = addDays(dateOf(BigInt(now) * 1000n), 1);
      await rig.env.sleep(nominalMillis(date) + minutesAfterNominal * 60_000 - now);
      return date;
    }

    /** Keys of the alerts about lateness, each time one was raised. */
    const slaAlerts = (ports: FakePipelinePorts) =>
      ports
        .inputsOf('raiseAlert')
        .filter((alert) => (alert as Alert).kind === 'sla')
        .map((alert) => (alert as Alert).key);

    /** Fails as if Postgres were down until so many minutes after the nominal time. */
    const downUntil = (minutes: number) => async (date: string) => {
      const upAt = nominalMillis(date) + minutes * 60_000;
      if ((await rig.env.currentTimeMs()) < upAt) throw new ChurnError('POSTGRES_UNAVAILABLE');
      return { batch: null, rows: {}, rejected: 0 };
    };

    it.each([
      ['nothing when the step is in time', 5, [], []],
      ['a warning when it is late', 15, ['warn'], []],
      [
        'a warning and a breach, each once, when it is later',
        25,
        ['warn', 'breach'],
        ['generate_data'],
      ],
    ])('raises %s', async (_case, minutes, levels, breaches) => {
      const date = await nextDay();
      const ports = createFakePipelinePorts({ generateData: downUntil(minutes) });
      const report = await rig.run({ ports }, async (run) => {
        const handle = await run.start('dailyRun', daily(date, 'scheduled'));
        const result = (await handle.result()) as DailyRunReport;
        if (breaches.length > 0) {
          await recordHistory(rig.env, { workflowId: handle.workflowId, name: 'daily-sla-breach' });
        }
        return result;
      });
      expect(slaAlerts(ports)).toEqual(levels.map((level) => `sla/${date}/generate_data/${level}`));
      expect(report.slaBreaches).toEqual(breaches);
      expect(report.verdict).toBe('pass');
    });

    it('counts from the nominal time: a run that starts late has breached what has passed', async () => {
      const date = await nextDay(65);
      const ports = createFakePipelinePorts({ generateData: downUntil(66) });
      const report = await rig.run({ ports }, (run) =>
        run.execute<DailyRunReport>('dailyRun', daily(date, 'scheduled')),
      );
      expect(report.slaBreaches).toEqual(['generate_data', 'compute_features']);
      expect(slaAlerts(ports)).toEqual([
        `sla/${date}/generate_data/breach`,
        `sla/${date}/sync_online_features/warn`,
        `sla/${date}/compute_features/breach`,
      ]);
    });

    it('is watched while the ledger can not be reached, before anything has begun', async () => {
      const date = await nextDay();
      const isUp = downUntil(25);
      const ports = createFakePipelinePorts({
        beginDailyRun: async (day) => {
          await isUp(day);
          return { championVersion: null, finished: null };
        },
      });
      const report = await rig.run({ ports }, (run) =>
        run.execute<DailyRunReport>('dailyRun', daily(date, 'scheduled')),
      );
      expect(slaAlerts(ports)).toEqual([
        `sla/${date}/generate_data/warn`,
        `sla/${date}/generate_data/breach`,
      ]);
      expect(report).toMatchObject({ verdict: 'pass', slaBreaches: ['generate_data'] });
    });

    it('fails nothing when the alert can not be raised', async () => {
      const date = await nextDay();
      const ports = createFakePipelinePorts({
        generateData: downUntil(25),
        raiseAlert: () =>
          Promise.reject(new ChurnError('STORAGE_UNAVAILABLE', { problem: 'full' })),
      });
      const report = await rig.run({ ports }, (run) =>
        run.execute<DailyRunReport>('dailyRun', daily(date, 'scheduled')),
      );
      expect(report).toMatchObject({ verdict: 'pass', slaBreaches: ['generate_data'] });
    });

    it.each([
      ['a run of a past day by hand', 'manual' as const, 0],
      ['a scheduled run that catches up a past day', 'scheduled' as const, -2],
    ])('is not watched for %s', async (_case, kind, days) => {
      const date = addDays(await nextDay(), days);
      const ports = createFakePipelinePorts({ generateData: downUntil(days * 1440 + 30) });
      const report = await rig.run({ ports }, (run) =>
        run.execute<DailyRunReport>('dailyRun', daily(date, kind)),
      );
      expect(report.slaBreaches).toEqual([]);
      expect(slaAlerts(ports)).toEqual([]);
    });
  });

  it('schedules the activities by the names of the steps', async () => {
    const names = await rig.run({ ports: createFakePipelinePorts() }, async (run) => {
      const handle = await run.start('dailyRun', daily(THURSDAY));
      await handle.result();
      return activitiesOf(rig.env, handle.workflowId);
    });
    expect(names).toEqual([
      'begin_daily_run',
      'generate_data',
      'compute_features',
      'sync_online_features',
      'run_drift_detection',
      'validate_schema',
      'finish_daily_run',
    ]);
  });
});

/** Everyone who comes waits until `count` have come. */
function meetingOf(count: number): () => Promise<void> {
  const all = createSignal();
  let present = 0;
  return () => {
    present += 1;
    if (present === count) all.send();
    return all.received;
  };
}
