import type { ScheduleDescription, ScheduleUpdateOptions } from '@temporalio/client';
import {
  dailyWorkflowId,
  scheduleIds,
  searchAttributeNames,
  taskQueues,
} from '../../packages/contracts/pipeline';
import { showAction } from '../../packages/cli/actions/schedule-actions';
import type { CommandContext } from '../../packages/cli/command-context';
import { describeSchedule } from '../../packages/cli/describe-schedule';
import type { DailyRunReport } from '../../packages/contracts/runs';
import { addDays, dateOf, datesBetween } from '../../packages/instants/logical-date';
import {
  applySchedules,
  describeSchedules,
  pauseSchedules,
  registerSearchAttributes,
  resumeSchedules,
} from '../../temporal-config';
import { createFakePipelinePorts } from '../workflows/fake-pipeline-ports';
import { createOwnServerRig, type WorkflowRig } from '../workflows/workflow-rig';

describe('the schedules', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createOwnServerRig();
  });
  afterAll(() => rig.close());

  it('are created once, and applying them again changes nothing', async () => {
    const { client } = rig.env;
    expect(await applySchedules(client)).toEqual([
      { id: 'churn-daily', action: 'created' },
      { id: 'churn-watchdog', action: 'created' },
    ]);
    expect((await applySchedules(client)).map(({ action }) => action)).toEqual([
      'unchanged',
      'unchanged',
    ]);
  });

  it('fire next at 01:00Z and 04:05Z', async () => {
    const [daily, watchdog] = await describeSchedules(rig.env.client);
    expect(daily).toMatchObject({
      status: 'running',
      isAsDeclared: true,
      note: null,
      missedCatchup: 0,
      skippedOverlap: 0,
    });
    expect(daily!.nextRuns[0]).toMatch(/T01:00:00\.000Z$/);
    expect(watchdog!.nextRuns[0]).toMatch(/T04:05:00\.000Z$/);
  });

  it('are shown at the command line as text, and in JSON as they were described', async () => {
    const temporal = { client: async () => rig.env.client };
    const application = async () => ({ temporal });
    const shown = await showAction({}, { application } as unknown as CommandContext);
    const [daily, watchdog] = await describeSchedules(rig.env.client);
    expect(shown.text).toBe(`${describeSchedule(daily!)}\n\n${describeSchedule(watchdog!)}`);
    const { schedules } = shown.document as { schedules: object[] };
    expect(schedules).toHaveLength(2);
    expect(schedules[0]).toEqual({
      id: daily!.id,
      status: 'running',
      is_as_declared: true,
      differences: [],
      note: null,
      next_runs: daily!.nextRuns,
      last_workflow_id: null,
      missed_catchup: 0,
      skipped_overlap: 0,
    });
  });

  it('start a fortnight without a worker day by day, each under the id that a hand would give it, dated by its nominal time', async () => {
    const { client } = rig.env;
    const days = datesBetween('2024-06-06', '2024-06-19');
    const ports = createFakePipelinePorts();
    // The policy for overlaps is the Schedule's own. One request: two within half a second would lose one.
    await client.schedule.getHandle(scheduleIds.daily).backfill({
      start: new Date(`${days[0]}T00:59:59Z`),
      end: new Date(`${days.at(-1)}T01:00:00Z`),
    });
    await eventuallyThere(dailyWorkflowId(days[0]!));
    await rig.run({ ports, queues: taskQueues }, async (run) => {
      for (const day of days) {
        const handle = await eventuallyThere(dailyWorkflowId(day));
        const report = (await handle.result()) as DailyRunReport;
        expect(report).toMatchObject({ date: day, slaBreaches: [] });
        const { typedSearchAttributes } = await handle.describe();
        const values = Object.fromEntries(
          typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
        );
        expect(values).toMatchObject({ LogicalDate: day, RunKind: 'scheduled' });
        run.track(dailyWorkflowId(day));
      }
    });
    expect(ports.inputsOf('generateData')).toEqual(days);
    expect(ports.inputsOf('trainModel')).toEqual(
      ['2024-06-10', '2024-06-11', '2024-06-12', '2024-06-17', '2024-06-18', '2024-06-19'].map(
        (asOf) => ({ asOf }),
      ),
    );
    expect(ports.alerts.size).toBe(0);
  });

  /** Waits until the server has started an execution of this id. */
  async function eventuallyThere(workflowId: string) {
    const handle = rig.env.client.workflow.getHandle(workflowId);
    for (;;) {
      try {
        await handle.describe();
        return handle;
      } catch (error) {
        if ((error as Error).name !== 'WorkflowNotFoundError') throw error;
      }
    }
  }

  it('let the watchdog report the days that a paused schedule did not run', async () => {
    const { client } = rig.env;
    const today = dateOf(BigInt(Date.now()) * 1000n);
    const expectedSince: (string | undefined)[] = [];
    const ports = createFakePipelinePorts({
      findUnfinishedRuns: async ({ now, scheduledSince }) => {
        expectedSince.push(scheduledSince);
        return [addDays(dateOf(BigInt(Date.parse(now)) * 1000n), 0)];
      },
    });
    await pauseSchedules(client, 'the warehouse moves');
    expect(await describeSchedules(client)).toMatchObject([
      { id: 'churn-daily', status: 'paused', note: 'the warehouse moves' },
      { id: 'churn-watchdog', status: 'running' },
    ]);
    await rig.run({ ports, queues: taskQueues }, async () => {
      await client.schedule.getHandle(scheduleIds.watchdog).trigger();
      for (;;)
        if (ports.calls.some(({ port, phase }) => port === 'raiseAlert' && phase === 'end')) break;
        else await client.schedule.getHandle(scheduleIds.watchdog).describe();
    });
    expect([...ports.alerts.keys()]).toEqual([`missed-run/${today}`]);
    const { info } = await client.schedule.getHandle(scheduleIds.daily).describe();
    expect(expectedSince).toEqual([info.createdAt.toISOString()]);
  });

  type Edit = (present: ScheduleDescription) => Partial<ScheduleUpdateOptions>;
  const daily = { hour: 1, minute: 0 };
  const calendars = [daily];

  it.each<[string, Edit]>([
    ['calendars', () => ({ spec: { calendars: [{ ...daily, dayOfWeek: 'FRIDAY' }] } })],
    ['calendars', () => ({ spec: { calendars: [daily, { ...daily, second: 30 }] } })],
    ['calendars', () => ({ spec: { calendars, cronExpressions: ['0 12 * * *'] } })],
    ['intervals', () => ({ spec: { calendars, intervals: [{ every: '6h' }] } })],
    ['skipped times', () => ({ spec: { calendars, skip: [{ ...daily, month: 'MAY' }] } })],
    ['first and last time', () => ({ spec: { calendars, endAt: new Date('2100-01-01') } })],
    ['jitter', () => ({ spec: { calendars, jitter: '5m' } })],
    ['time zone', () => ({ spec: { calendars, timezone: 'Europe/Berlin' } })],
    ['overlap policy', ({ policies }) => ({ policies: { ...policies, overlap: 'SKIP' } })],
    ['catch-up window', ({ policies }) => ({ policies: { ...policies, catchupWindow: '1h' } })],
    ['pause on failure', ({ policies }) => ({ policies: { ...policies, pauseOnFailure: true } })],
    ['number of runs', ({ state }) => ({ state: { ...state, remainingActions: 3 } })],
    ['arguments', ({ action }) => ({ action: { ...action, args: [{ date: '2024-06-06' }] } })],
    ['timeouts', ({ action }) => ({ action: { ...action, workflowRunTimeout: '1h' } })],
    ['task queue', ({ action }) => ({ action: { ...action, taskQueue: 'elsewhere' } })],
    ['workflow', ({ action }) => ({ action: { ...action, workflowType: 'watchdog' } })],
  ])(
    'that were edited on the server differ in their %s, until applied again',
    async (part, edit) => {
      const { client } = rig.env;
      const handle = client.schedule.getHandle(scheduleIds.daily);
      await handle.update((present) => {
        const { spec, action, policies, state } = present;
        return { spec, action, policies, state, ...edit(present) };
      });
      expect((await describeSchedules(client))[0]).toMatchObject({
        isAsDeclared: false,
        differences: [part],
      });
      expect(await applySchedules(client)).toMatchObject([
        { action: 'updated' },
        { action: 'unchanged' },
      ]);
      expect((await describeSchedules(client))[0]).toMatchObject({
        isAsDeclared: true,
        differences: [],
      });
    },
  );

  it('are brought back to what the code says, but stay paused until resumed', async () => {
    const { client } = rig.env;
    await client.schedule.getHandle(scheduleIds.daily).update(({ action, state }) => ({
      spec: { calendars: [{ hour: 9 }] },
      action,
      state,
    }));
    expect((await describeSchedules(client))[0]).toMatchObject({ isAsDeclared: false });
    expect(await applySchedules(client)).toEqual([
      { id: 'churn-daily', action: 'updated' },
      { id: 'churn-watchdog', action: 'unchanged' },
    ]);
    expect((await describeSchedules(client))[0]).toMatchObject({
      status: 'paused',
      isAsDeclared: true,
    });
    await resumeSchedules(client, 'the warehouse stands');
    expect((await describeSchedules(client))[0]).toMatchObject({ status: 'running' });
  });
});

describe('the search attributes', () => {
  it('are registered as keywords, and registering them again changes nothing', async () => {
    const rig = await createOwnServerRig();
    const { connection } = rig.env;
    expect(await registerSearchAttributes(connection, { namespace: 'default' })).toEqual([]);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    for (const name of searchAttributeNames) expect(customAttributes[name]).toBe(2);
    await rig.close();
  });

  it('are missing on a server that was never told, and schedules that do not exist are said to be', async () => {
    const rig = await createOwnServerRig();
    expect((await describeSchedules(rig.env.client)).map(({ status }) => status)).toEqual([
      'missing',
      'missing',
    ]);
    await rig.close();
  });
});
