import { Context, log } from '@temporalio/activity';
import { workflowTypes } from '../packages/contracts';

const SIGNAL_MILLIS_MAX = 3_000;

/** Workflows that show how their activities do. */
const showing: ReadonlySet<string> = new Set([workflowTypes.dailyRun, workflowTypes.backfill]);

/**
 * Signals the workflow that the activity at hand belongs to, so that its query and its details in
 * Temporal's UI know what its history does not say yet. Never rejects: it is for people only.
 */
export async function tellWorkflow(signal: string, message: unknown): Promise<void> {
  const { info } = Context.current();
  const { workflowExecution: execution } = info;
  if (!execution || !info.workflowType || !showing.has(info.workflowType)) return;
  try {
    const { client } = Context.current();
    const workflow = client.workflow.getHandle(execution.workflowId, execution.runId);
    await client.withDeadline(Date.now() + SIGNAL_MILLIS_MAX, () =>
      workflow.signal(signal, message),
    );
  } catch (error) {
    // It has ended, or Temporal is away: then it learns of this by itself, later.
    log.debug('workflow not told', { signal, error });
  }
}
