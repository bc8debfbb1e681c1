import { ChurnError } from '../../packages/contracts/errors';
import { dailyRunStart, dailyWorkflowId, stepNames } from '../../packages/contracts/pipeline';
import {
  createStepNotes,
  pendingFailures,
  type PendingFailure,
} from '../../packages/application/pending-failures';
import { loadWaitOf } from '../../packages/application/load-wait-of';
import { createFakePipelinePorts } from './fake-pipeline-ports';
import { createSignal } from './signal';
import { createOwnServerRig, recordHistory, type WorkflowRig, REPLAY_MS } from './workflow-rig';
import { catalogueMessage } from '../support/catalogue-message';

const diskIsFull = catalogueMessage('STORAGE_UNAVAILABLE', { problem: /.*the disk is full/ });

const TUESDAY = '2024-06-04';

describe('the daily run on a real server', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createOwnServerRig();
  });
  afterAll(() => rig.close(), REPLAY_MS);

  it('is one execution however often the same day is started at once', async () => {
    const started = createSignal();
    const release = createSignal();
    const ports = createFakePipelinePorts({
      generateData: async () => {
        started.send();
        await release.received;
        return { batch: null, rows: {}, rejected: 0 };
      },
    });
    await rig.run({ ports }, async (run) => {
      const start = { ...dailyRunStart(TUESDAY), taskQueue: run.queues.daily };
      const handles = await Promise.all(
        Array.from({ length: 20 }, () => rig.env.client.workflow.start('dailyRun', start)),
      );
      await started.received;
      release.send();
      await Promise.all(handles.map((handle) => handle.result()));
      expect(new Set(handles.map((handle) => handle.firstExecutionRunId)).size).toBe(1);
      run.track(dailyWorkflowId(TUESDAY));
    });
    expect(ports.inputsOf('generateData')).toHaveLength(1);
  });

  it('is refused a second time once the day has succeeded, and runs again after a failure', async () => {
    let fails = true;
    const ports = createFakePipelinePorts({
      validateSchemas: async ({ date }) => {
        if (fails) throw new ChurnError('SCHEMA_MISMATCH', { left: date, right: 'v001' });
        return { verdict: 'pass', problems: [] };
      },
    });
    await rig.run({ ports }, async (run) => {
      const start = { ...dailyRunStart('2024-06-06'), taskQueue: run.queues.daily };
      const { workflow } = rig.env.client;
      await expect(workflow.execute('dailyRun', start)).rejects.toMatchObject({
        cause: { type: 'RUN_FAILED' },
      });
      fails = false;
      await expect(workflow.execute('dailyRun', start)).resolves.toMatchObject({ verdict: 'pass' });
      await expect(workflow.start('dailyRun', start)).rejects.toMatchObject({
        name: 'WorkflowExecutionAlreadyStartedError',
      });
    });
  });

  it('has its worker watched by heartbeats in every step', async () => {
    await rig.run({ ports: createFakePipelinePorts() }, async (run) => {
      const handle = await run.start('dailyRun', { input: { date: TUESDAY, kind: 'manual' } });
      await handle.result();
      const { events } = await handle.fetchHistory();
      const scheduled = (events ?? []).flatMap(
        ({ activityTaskScheduledEventAttributes: activity }) => activity ?? [],
      );
      const seconds = new Map(
        scheduled.map(({ activityType, heartbeatTimeout }) => [
          activityType?.name,
          Number(heartbeatTimeout?.seconds ?? 0),
        ]),
      );
      expect(stepNames.map((name) => [name, seconds.get(name)])).toEqual(
        stepNames.map((name) => [name, 30]),
      );
    });
  });

  it('says, to whoever waits for it, why a step fails and when it is tried again', async () => {
    const isNoted = createSignal();
    const notes: string[] = [];
    let hasBeenSeen = false;
    let pending: PendingFailure[] = [];
    let workflowId = '';
    const ports = createFakePipelinePorts({
      generateData: async () => {
        const handle = rig.env.client.workflow.getHandle(workflowId);
        if (!hasBeenSeen)
          throw new ChurnError('STORAGE_UNAVAILABLE', { problem: 'the disk is full' });
        pending = pendingFailures(await handle.describe());
        isNoted.send();
        return { batch: 1, rows: {}, rejected: 0 };
      },
    });
    await rig.run({ ports }, async (run) => {
      workflowId = 'test-noted';
      const handle = await run.start('dailyRun', {
        input: { date: TUESDAY, kind: 'manual' },
        workflowId,
      });
      const noteSteps = createStepNotes(handle, { note: (text) => void notes.push(text) });
      while (notes.length === 0) await noteSteps();
      await noteSteps();
      hasBeenSeen = true;
      await isNoted.received;
      await handle.result();
      expect(pendingFailures(await handle.describe())).toEqual([]);
    });
    expect(new Set(notes).size).toBe(notes.length);
    expect(notes[0]).toMatch(
      new RegExp(
        String.raw`^generate_data: attempt \d failed, the next (is in \d+ s|is under way)\. STORAGE_UNAVAILABLE: ${diskIsFull.source}`,
      ),
    );
    expect(pending).toMatchObject([{ step: 'generate_data', nextAtMillis: null }]);
  });

  it('says, to whoever waits for it, which load a step waits for', async () => {
    const isNoted = createSignal();
    const ports = createFakePipelinePorts({
      generateData: async (_date, progress) => {
        const { onWaiting } = loadWaitOf(progress);
        onWaiting?.('an import, batch 7');
        await isNoted.received;
        return { batch: 8, rows: {}, rejected: 0 };
      },
    });
    await rig.run({ ports }, async (run) => {
      const handle = await run.start('dailyRun', { input: { date: TUESDAY, kind: 'manual' } });
      const notes: string[] = [];
      const noteSteps = createStepNotes(handle, { note: (text) => void notes.push(text) });
      while (notes.length === 0) await noteSteps();
      await noteSteps();
      expect(notes).toEqual(['generate_data is waiting for a load (an import, batch 7)']);
      isNoted.send();
      await handle.result();
    });
  });

  it('is found by its search attributes', async () => {
    const ports = createFakePipelinePorts();
    await rig.run({ ports }, async (run) => {
      const handle = await run.start('dailyRun', {
        input: { date: '2024-06-10', kind: 'manual' },
      });
      await handle.result();
      const { typedSearchAttributes } = await handle.describe();
      const values = Object.fromEntries(
        typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
      );
      expect(values).toMatchObject({ LogicalDate: '2024-06-10', RunKind: 'manual' });
    });
  });

  it('ends as cancelled, not as failed, and starts nothing more', async () => {
    const started = createSignal();
    const ports = createFakePipelinePorts({
      computeDay: (_input, progress) =>
        new Promise((_, reject) => {
          started.send();
          progress.signal.addEventListener('abort', () => reject(new Error('interrupted')));
        }),
    });
    await rig.run({ ports }, async (run) => {
      const handle = await run.start('dailyRun', { input: { date: TUESDAY, kind: 'manual' } });
      await started.received;
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
      await recordHistory(rig.env, { workflowId: handle.workflowId, name: 'daily-cancelled' });
    });
    expect(ports.finished).toMatchObject([
      { status: 'cancelled', runId: expect.any(String) as string },
    ]);
    expect(ports.inputsOf('raiseAlert')).toEqual([]);
    expect(ports.inputsOf('syncOnline')).toEqual([]);
  });

  it('is cancelled, not failed, when its step ends otherwise meanwhile, as by a lost worker', async () => {
    const started = createSignal();
    const cancelled = createSignal();
    const ports = createFakePipelinePorts({
      computeDay: async () => {
        started.send();
        await cancelled.received;
        throw new ChurnError('NO_DATA', {});
      },
    });
    await rig.run({ ports }, async (run) => {
      const handle = await run.start('dailyRun', { input: { date: TUESDAY, kind: 'manual' } });
      await started.received;
      await handle.cancel();
      cancelled.send();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    });
    expect(ports.alerts.size).toBe(0);
  });

  it('replays from scratch at every task with the same result', async () => {
    const ports = createFakePipelinePorts();
    const report = await rig.run({ ports, options: { maxCachedWorkflows: 0 } }, (run) =>
      run.execute('dailyRun', { input: { date: TUESDAY, kind: 'manual' } }),
    );
    expect(report).toMatchObject({ verdict: 'pass' });
    expect(ports.inputsOf('trainModel')).toHaveLength(1);
  });
});

describe('the watchdog and the restatement', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createOwnServerRig();
  });
  afterAll(() => rig.close(), REPLAY_MS);

  it('raises one alert for each missing day, however often it looks', async () => {
    const ports = createFakePipelinePorts({
      findUnfinishedRuns: async () => ['2024-06-02', '2024-06-03'],
    });
    const input = { now: '2024-06-03T04:05:00Z' };
    await rig.run({ ports }, async (run) => {
      await run.execute('watchdog', { input });
      await run.execute('watchdog', { input });
    });
    expect(ports.inputsOf('findUnfinishedRuns')[0]).toEqual({ now: '2024-06-03T04:05:00.000000Z' });
    expect([...ports.alerts.keys()]).toEqual(['missed-run/2024-06-02', 'missed-run/2024-06-03']);
  });

  it('says nothing of a day that waits in its first step, but of one that was terminated there', async () => {
    const [waiting, terminated] = ['2024-06-02', '2024-06-03'];
    const entered = createSignal();
    const release = createSignal();
    const ports = createFakePipelinePorts({
      generateData: async () => {
        entered.send();
        await release.received;
        return { batch: null, rows: {}, rejected: 0 };
      },
      findUnfinishedRuns: async () => [waiting, terminated],
    });
    await rig.run({ ports }, async (run) => {
      const start = async (day: string) => {
        const options = { ...dailyRunStart(day), taskQueue: run.queues.daily };
        return rig.env.client.workflow.start('dailyRun', options);
      };
      await (await start(terminated)).terminate();
      const handle = await start(waiting);
      await entered.received;
      expect(await run.execute('watchdog', { input: { now: '2024-06-03T04:05:00Z' } })).toEqual([
        terminated,
      ]);
      release.send();
      await handle.result();
    });
    expect([...ports.alerts.keys()]).toEqual([`missed-run/${terminated}`]);
  });

  it('refuses to look without a moment to look at', async () => {
    await rig.run({ ports: createFakePipelinePorts() }, async (run) => {
      await expect(run.execute('watchdog', {})).rejects.toMatchObject({
        cause: { type: 'INVALID_REQUEST' },
      });
    });
  });

  it.each([
    [true, 0],
    [false, 1],
  ])('restates (dry run: %s) and syncs %s times', async (dryRun, syncs) => {
    const ports = createFakePipelinePorts();
    const report = await rig.run({ ports }, (run) =>
      run.execute('restate', { input: { dryRun, date: '2024-06-04' }, queue: 'backfill' }),
    );
    expect(report).toEqual({ batches: [1, 7], restated: [] });
    expect(ports.inputsOf('restatePartitions')).toMatchObject([{ dryRun }]);
    expect(ports.inputsOf('syncOnline')).toHaveLength(syncs);
  });
});
