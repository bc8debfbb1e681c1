import { backfillWorkflowId, taskQueues } from './pipeline';
import type { BackfillInput } from './runs';

/** How a backfill is started; the same id again attaches to the running one. */
export function backfillStart(input: BackfillInput) {
  const { id, request } = input;
  return {
    workflowId: backfillWorkflowId(id),
    taskQueue: taskQueues.backfill,
    args: [input] as [BackfillInput],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    staticSummary: `Backfill ${request.from} to ${request.to}, reprocess ${request.reprocess}`,
  } as const;
}
