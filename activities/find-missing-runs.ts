import type { Context } from '@temporalio/activity';
import { dailyWorkflowId, scheduleIds, type PipelinePorts } from '../packages/contracts';

export type TemporalClient = Pick<Context['client'], 'schedule' | 'workflow'>;

/**
 * Dates whose daily run should have succeeded by `now`, has not, and is not running. Temporal is asked
 * what runs: a run that waits in its first step has recorded nothing yet, and one that was terminated
 * never will.
 */
export async function findMissingRuns(
  ports: Pick<PipelinePorts, 'findUnfinishedRuns'>,
  client: TemporalClient,
  now: string,
): Promise<string[]> {
  const scheduledSince = await scheduleCreation(client);
  const missing: string[] = [];
  for (const date of await ports.findUnfinishedRuns({ now, scheduledSince })) {
    if (!(await isRunning(client, dailyWorkflowId(date)))) missing.push(date);
  }
  return missing;
}

/** When the Schedule of daily runs was created, as ISO 8601; undefined where there is none. */
async function scheduleCreation(client: TemporalClient): Promise<string | undefined> {
  try {
    const { info } = await client.schedule.getHandle(scheduleIds.daily).describe();
    return info.createdAt.toISOString();
  } catch (error) {
    if (nameOf(error) === 'ScheduleNotFoundError') return undefined;
    throw error;
  }
}

async function isRunning(client: TemporalClient, workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (nameOf(error) === 'WorkflowNotFoundError') return false;
    throw error;
  }
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}
