import { MockActivityEnvironment } from '@temporalio/testing';
import { createPipelineActivities } from '../../activities';
import { createRightOfWay } from '../../activities/right-of-way';
import { createFakePipelinePorts, someKnowledge } from '../workflows/fake-pipeline-ports';
import { createSignal } from '../workflows/signal';

const date = '2024-06-04';

describe('the right of way of urgent work', () => {
  const never = new AbortController().signal;

  it('lets background work through at once while nothing urgent runs', async () => {
    const way = createRightOfWay({ restMs: 60_000 });
    await way.giveWay(never);
    await way.hold(async () => {});
    await way.giveWay(never);
  });

  it('lets all go when the last of the urgent work has ended, also by an error', async () => {
    const way = createRightOfWay({ restMs: 60_000 });
    const [one, other] = [createSignal(), createSignal()];
    const holding = way.hold(() => one.received);
    const failing = way.hold(async () => {
      await other.received;
      throw new Error('failed');
    });
    const passed: string[] = [];
    const waiting = ['a', 'b'].map(async (name) => {
      await way.giveWay(never);
      passed.push(name);
    });
    one.send();
    await holding;
    await new Promise((resolve) => setImmediate(resolve));
    expect(passed).toEqual([]);
    other.send();
    await expect(failing).rejects.toThrow('failed');
    await Promise.all(waiting);
    expect(passed).toEqual(['a', 'b']);
  });

  it('lets one go after each rest while urgent work goes on', async () => {
    jest.useFakeTimers();
    try {
      const way = createRightOfWay({ restMs: 1_000 });
      const done = createSignal();
      const holding = way.hold(() => done.received);
      const passed: string[] = [];
      const waiting = ['a', 'b'].map((name) => way.giveWay(never).then(() => passed.push(name)));
      await jest.advanceTimersByTimeAsync(999);
      expect(passed).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      expect(passed).toEqual(['a']);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(passed).toEqual(['a', 'b']);
      done.send();
      await Promise.all([holding, ...waiting]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('ends the waiting of work that is cancelled, and of no other', async () => {
    const way = createRightOfWay({ restMs: 60_000 });
    const done = createSignal();
    const holding = way.hold(() => done.received);
    const controller = new AbortController();
    const cancelled = way.giveWay(controller.signal);
    const other = way.giveWay(never);
    controller.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    await expect(way.giveWay(controller.signal)).rejects.toThrow('cancelled');
    done.send();
    await Promise.all([holding, other]);
  });

  it.each([
    ['is held by the steps of a daily run', 'dailyRun', ['step', 'chunk']],
    ['is not held by the steps of a backfill', 'backfill', ['chunk', 'step']],
  ])('%s', async (_case, workflowType, expected) => {
    const entered = createSignal();
    const release = createSignal();
    const order: string[] = [];
    const ports = createFakePipelinePorts({
      generateData: async () => {
        entered.send();
        await release.received;
        order.push('step');
        return { batch: null, rows: {}, rejected: 0 };
      },
      computeChunk: async (_request, progress) => {
        await progress.giveWay?.();
        order.push('chunk');
        return [];
      },
    });
    const rightOfWay = createRightOfWay({ restMs: 60_000 });
    const activities = createPipelineActivities(ports, { rightOfWay });
    const chunk = { from: date, to: date, except: [] };
    const step = new MockActivityEnvironment({ workflowType }).run(activities.generate_data, {
      date,
    });
    await entered.received;
    const input = { backfillId: 'b1', chunk, knowledge: someKnowledge };
    const backfill = new MockActivityEnvironment({ workflowType: 'backfill' });
    const computing = backfill.run(activities.compute_chunk, input);
    if (workflowType === 'backfill') await computing;
    release.send();
    await Promise.all([step, computing]);
    expect(order).toEqual(expected);
  });
});
