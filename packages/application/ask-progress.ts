import { isGrpcServiceError, type Client, type WorkflowHandle } from '@temporalio/client';
import { workflowMessages, type Progress } from '../contracts';

const SECONDS_MAX = 3;

/** For people: why progress is old, or not known. */
export const UNANSWERED = `No worker has answered within ${SECONDS_MAX} seconds: \`churn status\` shows whether one is running.`;

/** Status codes of gRPC. */
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;

/**
 * Asks a running workflow for its progress, which a worker answers.
 *
 * @returns undefined where none does: Temporal has the question waiting, or knows of no worker.
 */
export async function askProgress<T>(
  client: Client,
  handle: WorkflowHandle,
): Promise<T | undefined> {
  try {
    return await client.withDeadline(Date.now() + SECONDS_MAX * 1_000, () =>
      handle.query<T>(workflowMessages.progress),
    );
  } catch (error) {
    const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
    const isUnanswered =
      isGrpcServiceError(cause) && [DEADLINE_EXCEEDED, FAILED_PRECONDITION].includes(cause.code);
    if (isUnanswered) return undefined;
    throw error;
  }
}

/** Says, each time that it begins, that no worker answers: a command would wait without a word. */
export function createSilenceNotes(progress: Pick<Progress, 'note'>): (isSilent: boolean) => void {
  let wasSilent = false;
  return (isSilent) => {
    if (isSilent && !wasSilent) progress.note?.(UNANSWERED);
    wasSilent = isSilent;
  };
}
