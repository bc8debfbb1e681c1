import { CancelledFailure, CancellationScope, isCancellation, patched } from '@temporalio/workflow';

/**
 * What a step ended of, seen by a run that may have been cancelled: the activity of a worker that is
 * gone ends by a timeout then, which is no failure of the run.
 *
 * @returns a cancellation where the current scope was cancelled, else the error itself
 */
export function asCancellation(error: unknown): unknown {
  if (isCancellation(error) || !CancellationScope.current().consideredCancelled) return error;
  // Executions of an earlier release raised an alert and failed; theirs replay so.
  if (!patched('cancelled-whatever-the-step-ended-of')) return error;
  const cause = error instanceof Error ? error : undefined;
  return new CancelledFailure('The run was cancelled.', [], cause);
}
