import type { WorkflowHandle } from '@temporalio/client';
import type { PipelinePorts, Progress } from '../../packages/contracts/pipeline-ports';
import { ChurnError } from '../../packages/contracts/errors';
import type { BackfillProgress } from '../../packages/contracts/runs';
import { datesBetween } from '../../packages/instants/logical-date';
import { planChunks } from '../../packages/orchestration/plan-chunks';
import { createFakePipelinePorts, someKnowledge } from './fake-pipeline-ports';
import { createSignal } from './signal';
import {
  computedDates,
  eventually,
  progressOf,
  requestOf,
  resultOf,
  startBackfill,
  untilStopped,
  YEAR,
} from './start-backfill';
import {
  activitiesOf,
  createOwnServerRig,
  historiesOf,
  recordHistory,
  type WorkflowRig,
  REPLAY_MS,
} from './workflow-rig';

describe('the backfill', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createOwnServerRig([
      '--dynamic-config-value',
      'limit.historyCount.suggestContinueAsNew=40',
    ]);
  });
  afterAll(() => rig.close(), REPLAY_MS);

  it('runs every date of the range, both ends inclusive, exactly once, and syncs once at the end', async () => {
    const ports = createFakePipelinePorts();
    const result = await rig.run({ ports }, async (run) => resultOf(await startBackfill(run)));
    const dates = datesBetween(YEAR.from, YEAR.to);
    expect(result).toMatchObject({
      status: 'succeeded',
      planned: dates.length,
      succeeded: dates.length,
      skipped: 0,
      failed: [],
      knownAt: someKnowledge.knownAt,
    });
    expect(computedDates(ports).sort()).toEqual(dates);
    expect(ports.inputsOf('computeChunk').length).toBeLessThanOrEqual(15);
    expect(ports.inputsOf('syncOnline')).toHaveLength(1);
    expect(ports.calls.at(-1)).toMatchObject({ port: 'finishBackfill', phase: 'end' });
    expect(ports.alerts.size).toBe(0);
  });

  it('continues as new with the plan it has, and the chain counts once', async () => {
    const ports = createFakePipelinePorts();
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run);
      await resultOf(handle);
      const histories = await historiesOf(rig.env, handle.workflowId);
      expect(histories.length).toBeGreaterThan(1);
      await recordHistory(rig.env, { workflowId: handle.workflowId, name: 'backfill-continued' });
      const names = await activitiesOf(rig.env, handle.workflowId);
      expect(names.filter((name) => name === 'plan_backfill')).toHaveLength(1);
      expect(names.slice(-2)).toEqual(['sync_online_features', 'finish_backfill']);
    });
    const inputs = ports.inputsOf('computeChunk') as { knowledge: unknown }[];
    expect(new Set(inputs.map(({ knowledge }) => JSON.stringify(knowledge))).size).toBe(1);
    expect(computedDates(ports)).toHaveLength(365);
  });

  it.each([
    ['does not train over Tuesdays unless asked', false, []],
    ['trains once, as of the day of its knowledge, when asked', true, [{ asOf: '2024-06-01' }]],
  ])('%s', async (_case, train, expected) => {
    const ports = createFakePipelinePorts();
    const range = { from: '2024-05-01', to: '2024-05-16' };
    await rig.run({ ports }, async (run) =>
      resultOf(await startBackfill(run, { ...range, train })),
    );
    expect(ports.inputsOf('trainModel')).toEqual(expected);
  });

  it('never computes more than two chunks at once', async () => {
    let running = 0;
    let most = 0;
    const ports = createFakePipelinePorts({
      computeChunk: async ({ dates }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return dates.map((date) => ({ date, status: 'succeeded' as const }));
      },
    });
    const options = { maxConcurrentActivityTaskExecutions: 10 };
    await rig.run({ ports, options }, async (run) => resultOf(await startBackfill(run)));
    expect(most).toBeLessThanOrEqual(2);
  });

  it('collects failed dates, goes on with the others, and alerts once', async () => {
    const bad = ['2023-07-14', '2024-02-29'];
    const ports = createFakePipelinePorts({
      computeChunk: async ({ dates }) =>
        dates.map((date) =>
          bad.includes(date)
            ? { date, status: 'failed' as const, error: 'CORRUPT_PARTITION' }
            : { date, status: 'succeeded' as const },
        ),
    });
    const result = await rig.run({ ports }, async (run) => resultOf(await startBackfill(run)));
    expect(result).toMatchObject({ status: 'failed', succeeded: 363, failed: bad, reason: null });
    expect(result.errors).toEqual(bad.map((date) => ({ date, error: 'CORRUPT_PARTITION' })));
    expect(ports.alerts.get(`backfill/${result.id}`)?.message).toContain(
      'failed for 2 dates: 2023-07-14: CORRUPT_PARTITION',
    );
    expect(ports.inputsOf('syncOnline')).toHaveLength(1);
    expect([...ports.alerts.keys()]).toEqual([`backfill/${result.id}`]);
    expect(ports.inputsOf('finishBackfill')).toEqual([result]);
  });

  it.each([
    ['a year', YEAR.from, 365],
    ['ten years', '2014-05-25', 3_660],
  ])(
    'stays small when every date of %s fails, and keeps the first errors',
    async (_, from, days) => {
      const error = `IO Error: ${'ü"'.repeat(400)}`;
      const fake = createFakePipelinePorts();
      const ports = createFakePipelinePorts({
        planBackfill: async (input) => ({
          ...(await fake.planBackfill(input)),
          chunks: planChunks(datesBetween(from, YEAR.to), { daysPerChunk: 366 }),
        }),
        computeChunk: async ({ dates }) => dates.map((date) => ({ date, status: 'failed', error })),
      });
      // The rig refuses payloads of more than 64 KiB.
      const result = await rig.run({ ports }, async (run) =>
        resultOf(await startBackfill(run, { from })),
      );
      expect(result.failed).toHaveLength(days);
      expect(result.errors).toHaveLength(20);
      expect(result.errors[0]!.error).toBe(error.slice(0, 300));
    },
  );

  it('says why it failed where no date did', async () => {
    const ports = createFakePipelinePorts({
      syncOnline: () =>
        Promise.reject(new ChurnError('CORRUPT_PARTITION', { path: 'features/a.parquet' })),
    });
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run, { from: '2024-05-30' });
      await expect(resultOf(handle)).rejects.toThrow();
    });
    const [recorded] = ports.inputsOf('finishBackfill') as BackfillProgress[];
    const reason = expect.stringMatching(/^CORRUPT_PARTITION: .*features\/a.parquet/) as string;
    expect(recorded).toMatchObject({ status: 'failed', failed: [], reason });
    const alert = ports.alerts.get(`backfill/${recorded!.id}`);
    expect(alert?.message).toMatch(/2024-05-31 failed: CORRUPT_PARTITION: .*features\/a.parquet/);
    expect(alert?.message).not.toContain('0 dates');
  });

  it('says while it runs what is tried again, in the query and in the details', async () => {
    const failedOnce = createSignal();
    const seen: BackfillProgress[] = [];
    let attempts = 0;
    let handle: WorkflowHandle | undefined;
    const ports = createFakePipelinePorts({
      syncOnline: async () => {
        attempts += 1;
        if (attempts === 1) throw new ChurnError('REDIS_UNAVAILABLE');
        seen.push(await progressOf(handle!));
        failedOnce.send();
        return { date: YEAR.to, written: 0, unchanged: 0, removed: 0 };
      },
    });
    await rig.run({ ports }, async (run) => {
      handle = await startBackfill(run, { from: '2024-05-30' });
      await failedOnce.received;
      seen.push(await resultOf(handle));
    });
    expect(seen[0]!.reason).toMatch(
      /^sync_online_features is tried again; attempt 1 failed: REDIS_UNAVAILABLE: /,
    );
    expect(seen[1]).toMatchObject({ status: 'succeeded', reason: null, errors: [] });
  });

  it('asks what became of a chunk whose activity gave up', async () => {
    const compute: PipelinePorts['computeChunk'] = async ({ dates }) => {
      if (dates.includes('2023-06-02')) throw new ChurnError('CORRUPT_PARTITION', { path: 'x' });
      return dates.map((date) => ({ date, status: 'succeeded' }));
    };
    const ports = createFakePipelinePorts({
      computeChunk: compute,
      settleChunk: async ({ dates, as, error }) =>
        dates.map((date, index) =>
          index < 10 ? { date, status: 'succeeded' } : { date, status: as, error },
        ),
    });
    const result = await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run, { to: '2023-08-30' });
      const progress = await resultOf(handle);
      await recordHistory(rig.env, {
        workflowId: handle.workflowId,
        name: 'backfill-failed-dates',
      });
      return progress;
    });
    expect(result).toMatchObject({ planned: 90, succeeded: 70, status: 'failed' });
    expect(result.failed).toEqual(datesBetween('2023-06-12', '2023-07-01'));
  });

  it('starts no chunk while paused, and goes on where it was', async () => {
    const entered = createSignal();
    const release = createSignal();
    let running = 0;
    // They are at their last date, and end before they notice the pause.
    const ports = createFakePipelinePorts({
      computeChunk: async ({ dates }) => {
        running += 1;
        if (running === 2) entered.send();
        await release.received;
        return dates.map((date) => ({ date, status: 'succeeded' as const }));
      },
    });
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run);
      await entered.received;
      await handle.signal('pause');
      expect((await progressOf(handle)).status).toBe('paused');
      release.send();
      const settled = await eventually(
        () => progressOf(handle),
        ({ succeeded }) => succeeded === 60,
      );
      expect(settled).toMatchObject({ status: 'paused', succeeded: 60 });
      expect(ports.inputsOf('computeChunk')).toHaveLength(2);

      await handle.signal('resume');
      expect(await resultOf(handle)).toMatchObject({ status: 'succeeded', succeeded: 365 });
      await recordHistory(rig.env, { workflowId: handle.workflowId, name: 'backfill-paused' });
    });
  });

  it('stops what runs when paused, holds back sync and training, and counts by date', async () => {
    const entered = createSignal();
    const stopped = createSignal();
    let attempts = 0;
    const ports = createFakePipelinePorts({
      computeChunk: async ({ dates }, progress) => {
        attempts += 1;
        if (attempts > 1) return dates.map((date) => ({ date, status: 'succeeded' }));
        progress.onSettled?.({ date: dates[0]!, status: 'succeeded' });
        progress.onSettled?.({ date: dates[1]!, status: 'failed', error: 'CORRUPT_FILE: x' });
        entered.send();
        return untilStopped(progress, stopped.send);
      },
    });
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run, { from: '2024-05-22', train: true });
      await entered.received;
      await handle.signal('pause');
      await stopped.received;
      const paused = await eventually(
        () => progressOf(handle),
        ({ failed }) => failed.length > 0,
      );
      const second = '2024-05-23';
      expect(paused).toMatchObject({ status: 'paused', succeeded: 1, failed: [second] });
      expect(paused.errors).toEqual([{ date: second, error: 'CORRUPT_FILE: x' }]);
      expect(ports.inputsOf('syncOnline')).toEqual([]);
      const shown = JSON.stringify(await handle.query('__temporal_workflow_metadata'));
      expect(shown).toMatch(/paused.*2 of 10 planned.*Failed:.*05-23.*CORRUPT_FILE: x/);

      await handle.signal('resume');
      expect(await resultOf(handle)).toMatchObject({ status: 'succeeded', succeeded: 10 });
      const { workflowId } = handle;
      await recordHistory(rig.env, { workflowId, name: 'backfill-paused-in-chunk' });
    });
    expect(ports.inputsOf('computeChunk')).toHaveLength(2);
    expect(ports.inputsOf('syncOnline')).toHaveLength(1);
    expect(ports.inputsOf('trainModel')).toHaveLength(1);
  });

  it.each([
    ['sync', 'syncOnline'],
    ['training', 'trainModel'],
  ] as const)('stops its %s when paused, and begins it again when resumed', async (_step, port) => {
    const entered = createSignal();
    const stopped = createSignal();
    let attempts = 0;
    const stoppable = (progress: Progress) => {
      attempts += 1;
      if (attempts > 1) return Promise.resolve({} as never);
      entered.send();
      return untilStopped(progress, stopped.send);
    };
    const ports = createFakePipelinePorts(
      port === 'syncOnline'
        ? { syncOnline: stoppable }
        : { trainModel: (_request, progress) => stoppable(progress) },
    );
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run, { from: '2024-05-30', train: true });
      await entered.received;
      await handle.signal('pause');
      await stopped.received;
      expect(await progressOf(handle)).toMatchObject({ status: 'paused', succeeded: 2 });
      expect(attempts).toBe(1);
      await handle.signal('resume');
      expect(await resultOf(handle)).toMatchObject({ status: 'succeeded' });
    });
    expect(attempts).toBe(2);
  });

  it.each([
    ['cancelled', false],
    ['paused and cancelled', true],
  ])('when %s, stops its chunks, keeps what they published and records it', async (_, isPaused) => {
    const entered = createSignal();
    const ports = createFakePipelinePorts({
      computeChunk: (_request, progress) => {
        entered.send();
        return untilStopped(progress);
      },
      settleChunk: async ({ dates, as }) =>
        dates.map((date, index) => ({ date, status: index === 0 ? 'succeeded' : as })),
    });
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run);
      await entered.received;
      if (isPaused) await handle.signal('pause');
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
      const name = 'backfill-cancelled';
      if (!isPaused) await recordHistory(rig.env, { workflowId: handle.workflowId, name });
    });
    const [recorded] = ports.inputsOf('finishBackfill') as BackfillProgress[];
    expect(recorded).toMatchObject({ status: 'cancelled', failed: [] });
    expect(recorded!.succeeded).toBe(ports.inputsOf('settleChunk').length);
    expect(recorded!.succeeded).toBeGreaterThan(0);
    expect(ports.inputsOf('syncOnline')).toEqual([]);
    expect(ports.alerts.size).toBe(0);
  });

  it('uses the plan it is given', async () => {
    const ports = createFakePipelinePorts();
    const plan = await createFakePipelinePorts().planBackfill({
      id: 'given',
      request: requestOf({ from: '2024-05-01', to: '2024-05-02' }),
    });
    await rig.run({ ports }, (run) =>
      run.execute('backfill', {
        input: { id: 'given', request: plan.request, plan },
        queue: 'backfill',
      }),
    );
    expect(ports.inputsOf('planBackfill')).toEqual([]);
    expect(computedDates(ports)).toEqual(['2024-05-01', '2024-05-02']);
  });

  it.each([
    ['ends before it starts', { from: '2024-05-02', to: '2024-05-01' }, 'INVALID_DATE_RANGE'],
    ['names a day that does not exist', { from: '2023-02-29' }, 'INVALID_REQUEST'],
  ])('refuses a range that %s', async (_case, changes, type) => {
    const ports = createFakePipelinePorts();
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run, changes);
      await expect(handle.result()).rejects.toMatchObject({ cause: { type, nonRetryable: true } });
    });
    expect(ports.calls).toEqual([]);
  });

  it('fails with its progress when the online store refuses the sync', async () => {
    const ports = createFakePipelinePorts({
      syncOnline: () =>
        Promise.reject(
          new ChurnError('INSTALLATION_MISMATCH', { store: 'Redis', found: 'b', expected: 'a' }),
        ),
    });
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run, { from: '2024-05-01', to: '2024-05-02' });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'RUN_FAILED', details: [{ status: 'failed', succeeded: 2 }] },
      });
    });
    expect(ports.inputsOf('finishBackfill')).toMatchObject([{ status: 'failed' }]);
  });

  it('replays from scratch at every task: a worker that remembers nothing gets the same result', async () => {
    const ports = createFakePipelinePorts();
    const result = await rig.run({ ports, options: { maxCachedWorkflows: 0 } }, async (run) =>
      resultOf(await startBackfill(run)),
    );
    expect(result).toMatchObject({ status: 'succeeded', succeeded: 365 });
  });
});
