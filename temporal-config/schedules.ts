import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
} from '@temporalio/client';
import { nominalTime, scheduleIds, taskQueues, workflowTypes } from '../packages/contracts';
import { differences, type Schedule } from './schedule-differences';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The watchdog looks when the last step of the day has breached its SLA and some. */
const WATCHDOG_TIME = { hour: 4, minute: 5 } as const;

const daily = {
  scheduleId: scheduleIds.daily,
  spec: { calendars: [{ ...nominalTime, comment: 'UTC: no day is skipped or doubled' }] },
  action: {
    type: 'startWorkflow',
    workflowType: workflowTypes.dailyRun,
    // The Schedule appends the nominal time: dailyWorkflowId() of that day.
    workflowId: scheduleIds.daily,
    taskQueue: taskQueues.daily,
    args: [{ kind: 'scheduled' }],
    staticSummary: 'Daily run, by schedule',
  },
  policies: {
    // A day that overruns delays the next; SKIP would lose a partition without a word.
    overlap: ScheduleOverlapPolicy.BUFFER_ALL,
    // After an outage the missed days of a week run by themselves. A longer gap is a backfill,
    // which is many times cheaper than that many daily runs.
    catchupWindow: 7 * DAY_MS,
    // One bad day must not stop all the days after it; failures alert.
    pauseOnFailure: false,
  },
} satisfies Schedule;

const watchdog = {
  scheduleId: scheduleIds.watchdog,
  spec: { calendars: [WATCHDOG_TIME] },
  action: {
    type: 'startWorkflow',
    workflowType: workflowTypes.watchdog,
    workflowId: scheduleIds.watchdog,
    taskQueue: taskQueues.daily,
    args: [{}],
    staticSummary: 'Watchdog for daily runs that never started',
  },
  policies: {
    // A look at the present: one is enough, and the latest finds all that earlier ones would.
    overlap: ScheduleOverlapPolicy.SKIP,
    catchupWindow: DAY_MS,
    pauseOnFailure: false,
  },
} satisfies Schedule;

const schedules: readonly Schedule[] = [daily, watchdog];

export interface AppliedSchedule {
  readonly id: string;
  readonly action: 'created' | 'updated' | 'unchanged';
}

/**
 * Creates the Schedules, or brings those on the server to what this file says. Whether one is
 * paused is the operator's and stays.
 */
export async function applySchedules(client: Client): Promise<AppliedSchedule[]> {
  const applied: AppliedSchedule[] = [];
  for (const schedule of schedules) applied.push(await applySchedule(client, schedule));
  return applied;
}

async function applySchedule(client: Client, schedule: Schedule): Promise<AppliedSchedule> {
  const id = schedule.scheduleId;
  const handle = client.schedule.getHandle(id);
  const present = await describeIfThere(handle);
  if (!present) {
    await client.schedule.create(schedule);
    return { id, action: 'created' };
  }
  if (differences(present, schedule).length === 0) return { id, action: 'unchanged' };
  const { spec, action, policies } = schedule;
  await handle.update(({ state }) => ({
    spec,
    action,
    policies,
    state: { paused: state.paused, note: state.note },
  }));
  return { id, action: 'updated' };
}

async function describeIfThere(handle: ScheduleHandle): Promise<ScheduleDescription | undefined> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

export interface ScheduleStatus {
  readonly id: string;
  readonly status: 'missing' | 'running' | 'paused';
  /** False when the server's Schedule is not what the code says: `churn schedule apply`. */
  readonly isAsDeclared: boolean;
  /** Which parts of it are not, such as `calendars` or `time zone`. */
  readonly differences: readonly string[];
  readonly note: string | null;
  /** Nominal times as ISO 8601 texts, soonest first. */
  readonly nextRuns: readonly string[];
  readonly lastWorkflowId: string | null;
  /** Runs lost because the server was down for longer than the catch-up window. */
  readonly missedCatchup: number;
  /** Runs left out because another one was still running. */
  readonly skippedOverlap: number;
}

export async function describeSchedules(client: Client): Promise<ScheduleStatus[]> {
  return Promise.all(
    schedules.map(async (schedule) => {
      const handle = client.schedule.getHandle(schedule.scheduleId);
      return statusOf(schedule, await describeIfThere(handle));
    }),
  );
}

function statusOf(schedule: Schedule, present: ScheduleDescription | undefined): ScheduleStatus {
  const id = schedule.scheduleId;
  if (!present) {
    return {
      id,
      status: 'missing',
      isAsDeclared: false,
      differences: [],
      note: null,
      nextRuns: [],
      lastWorkflowId: null,
      missedCatchup: 0,
      skippedOverlap: 0,
    };
  }
  const { state, info } = present;
  const different = differences(present, schedule);
  return {
    id,
    status: state.paused ? 'paused' : 'running',
    isAsDeclared: different.length === 0,
    differences: different,
    note: state.note || null,
    nextRuns: info.nextActionTimes.slice(0, 3).map((time) => time.toISOString()),
    lastWorkflowId: info.recentActions.at(-1)?.action.workflow.workflowId ?? null,
    missedCatchup: info.numActionsMissedCatchupWindow,
    skippedOverlap: info.numActionsSkippedOverlap,
  };
}

/** Pauses the daily runs. The watchdog goes on: it is what reports that days are missing. */
export async function pauseSchedules(client: Client, note: string): Promise<void> {
  await client.schedule.getHandle(scheduleIds.daily).pause(note);
}

export async function resumeSchedules(client: Client, note: string): Promise<void> {
  await client.schedule.getHandle(scheduleIds.daily).unpause(note);
}
