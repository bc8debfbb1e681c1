import {
  describeSchedules,
  pauseSchedules,
  resumeSchedules,
  type ScheduleStatus,
} from '../../../temporal-config';
import { asTemporalError, type Application } from '../../application';
import { applyApplicationSchedules } from '../apply-platform-schedules';
import { describeSchedule } from '../describe-schedule';
import type { CommandContext, CommandResult } from '../command-context';

export function applyAction(_input: object, context: CommandContext): Promise<CommandResult> {
  return doAndShow(context, applyApplicationSchedules);
}

export function showAction(_input: object, context: CommandContext): Promise<CommandResult> {
  return doAndShow(context, async () => {});
}

export function pauseAction(_input: object, context: CommandContext): Promise<CommandResult> {
  return doAndShow(context, async ({ temporal }) =>
    pauseSchedules(await temporal.client(), 'paused by hand'),
  );
}

export function resumeAction(_input: object, context: CommandContext): Promise<CommandResult> {
  return doAndShow(context, async ({ temporal }) =>
    resumeSchedules(await temporal.client(), 'resumed by hand'),
  );
}

/** Each of the commands ends by showing what is there then. */
async function doAndShow(
  { application }: CommandContext,
  work: (application: Application) => Promise<unknown>,
): Promise<CommandResult> {
  const opened = await application();
  const describe = async () => describeSchedules(await opened.temporal.client());
  const schedules = await work(opened)
    .then(describe)
    .catch((error: unknown) => {
      throw asTemporalError(error);
    });
  return {
    document: { schedules: schedules.map(scheduleDocument) },
    text: schedules.map(describeSchedule).join('\n\n'),
  };
}

function scheduleDocument(schedule: ScheduleStatus) {
  return {
    id: schedule.id,
    status: schedule.status,
    is_as_declared: schedule.isAsDeclared,
    differences: schedule.differences,
    note: schedule.note,
    next_runs: schedule.nextRuns,
    last_workflow_id: schedule.lastWorkflowId,
    missed_catchup: schedule.missedCatchup,
    skipped_overlap: schedule.skippedOverlap,
  };
}
