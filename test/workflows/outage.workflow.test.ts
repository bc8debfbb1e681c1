import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ChurnError } from '../../packages/contracts/errors';
import { dailyPipeline, scheduleIds, taskQueues } from '../../packages/contracts/pipeline';
import type { Alert, DailyRunReport } from '../../packages/contracts/runs';
import { addDays, dateOf, datesBetween } from '../../packages/instants/logical-date';
import { isStepDue } from '../../packages/orchestration/is-step-due';
import { nominalMillis } from '../../packages/orchestration/sla-deadlines';
import { applySchedules, pauseSchedules } from '../../temporal-config';
import { createScratchDirectory } from '../environment/scratch-directory';
import { createFakePipelinePorts } from './fake-pipeline-ports';
import { eventually } from './start-backfill';
import {
  createOwnServerRig,
  createTimeSkippingRig,
  REPLAY_MS,
  type WorkflowRig,
} from './workflow-rig';
import { itWhenDeep } from '../environment/when-deep';

const MINUTE = 60_000;

describe('a fortnight in which no worker ran', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createTimeSkippingRig();
  });
  afterAll(() => rig.close(), REPLAY_MS);

  /** Lets time pass until so many minutes after the nominal time of a day. */
  async function skipTo(date: string, minutes: number): Promise<void> {
    await rig.env.sleep(nominalMillis(date) + minutes * MINUTE - (await rig.env.currentTimeMs()));
  }

  const currentDate = async () => dateOf(BigInt(await rig.env.currentTimeMs()) * 1000n);

  it('is made up for day by day, each once, and only the day that is on is late, once', async () => {
    const yesterday = addDays(await currentDate(), -1);
    const missed = datesBetween(addDays(yesterday, 1), addDays(yesterday, 14));
    let today = '';
    const ports = createFakePipelinePorts({
      generateData: async (date) => {
        const now = await rig.env.currentTimeMs();
        // Today's load ends when every limit of the day has passed.
        if (date === today && now < nominalMillis(date) + 151 * MINUTE)
          throw new ChurnError('POSTGRES_UNAVAILABLE');
        return { batch: null, rows: {}, rejected: 0 };
      },
    });
    await skipTo(addDays(yesterday, 15), 90);
    const reports = await rig.run({ ports }, async (run) => {
      const runOf = (date: string) => {
        const input = { date, kind: 'scheduled' };
        return run.execute<DailyRunReport>('dailyRun', { input });
      };
      const ended: DailyRunReport[] = [];
      // As the Schedule makes up for missed days: each run waits for the one before it.
      for (const date of missed) ended.push(await runOf(date));
      today = addDays(await currentDate(), 1);
      await skipTo(today, 90);
      return [...ended, await runOf(today)];
    });

    expect(reports.map(({ date, verdict }) => [date, verdict])).toEqual(
      [...missed, today].map((date) => [date, 'pass']),
    );
    expect(ports.inputsOf('detectDrift')).toEqual(
      [...missed, today].map((date) => ({ date, championVersion: 'v001' })),
    );
    const late = ports
      .inputsOf('raiseAlert')
      .filter((alert) => (alert as Alert).kind === 'sla')
      .map((alert) => (alert as Alert).key);
    // How far the clock jumps while an alert is raised decides which warnings the breaches outrun.
    expect(new Set(late).size).toBe(late.length);
    const due = dailyPipeline.filter((step) => isStepDue(step, today)).map(({ name }) => name);
    expect(late.filter((key) => !key.endsWith('/warn')).sort()).toEqual(
      due.map((step) => `sla/${today}/${step}/breach`).sort(),
    );
    expect(late.filter((key) => !key.startsWith(`sla/${today}/`))).toEqual([]);
    expect(reports.filter(({ slaBreaches }) => slaBreaches.length > 0)).toEqual(reports.slice(-1));
  });
});

describe('a server that was down over nominal times', () => {
  const EVERY_SECONDS = 5;
  const DOWN_MS = 30_000;

  itWhenDeep(
    'runs each of them once, in order, when it is back',
    async () => {
      const scratch = createScratchDirectory();
      const kept = ['--db-filename', path.join(scratch.path, 'temporal.db')];
      const before = await createOwnServerRig(kept);
      await applySchedules(before.env.client);
      await dailyEveryFewSeconds(before.env.client);
      await eventually(
        () => takenTimes(before.env.client),
        (times) => times.length > 0,
      );
      await before.close();
      await delay(DOWN_MS);

      const after = await createOwnServerRig(kept);
      const { client } = after.env;
      const backAt = Date.now();
      const ports = createFakePipelinePorts();
      const times = await after.run({ ports, queues: taskQueues }, async (run) => {
        const all = new Set<number>();
        await eventually(
          async () => {
            for (const time of await takenTimes(client)) all.add(time);
            return Math.max(...all);
          },
          (latest) => latest > backAt,
        );
        await pauseSchedules(client, 'the test has seen enough');
        for (const time of await takenTimes(client)) all.add(time);
        for (const time of all) {
          const id = `${scheduleIds.daily}-${new Date(time).toISOString().replace('.000Z', 'Z')}`;
          run.track(id);
          await client.workflow.getHandle(id).result();
        }
        return [...all];
      });
      const { info } = await client.schedule.getHandle(scheduleIds.daily).describe();
      await after.close();
      scratch.remove();

      expect(times.length).toBeGreaterThan(DOWN_MS / 1_000 / EVERY_SECONDS);
      expect(times).toEqual(times.map((_, index) => times[0]! + index * EVERY_SECONDS * 1_000));
      expect(ports.inputsOf('beginDailyRun')).toHaveLength(times.length);
      expect(info).toMatchObject({
        numActionsTaken: times.length,
        numActionsMissedCatchupWindow: 0,
        numActionsSkippedOverlap: 0,
      });
    },
    180_000,
  );

  /** The product's Schedule and policies, but for when it fires. */
  async function dailyEveryFewSeconds(client: Client): Promise<void> {
    const second = { start: 0, end: 59, step: EVERY_SECONDS };
    await client.schedule.getHandle(scheduleIds.daily).update(({ action, policies, state }) => ({
      spec: { calendars: [{ hour: '*', minute: '*', second }] },
      action,
      policies,
      state,
    }));
  }

  /** Nominal times of the latest ten runs, earliest first. */
  async function takenTimes(client: Client): Promise<number[]> {
    const { info } = await client.schedule.getHandle(scheduleIds.daily).describe();
    return info.recentActions.map(({ scheduledAt }) => scheduledAt.getTime());
  }
});
