import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { workflowMessages, type Progress } from '../contracts';

const SECONDS_MAX = 3;

/** For people: why progress is old, or not known. */
export const UNANSWERED = `No worker has answered within ${SECONDS_MAX} seconds: \`churn status\` shows whether one is running.`;

/** A status code of gRPC. */
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
    const hasNoPoller = isGrpcServiceError(cause) && Number(cause.code) === FAILED_PRECONDITION;
    if (hasNoPoller || isOutOfTime(error)) return undefined;
    throw error;
  }
}

/**
 * Whether the time of a call to Temporal was up. The server knows its deadline too: where it notices
 * first, it cancels the call, which nothing here does for another reason.
 */
export function isOutOfTime(error: unknown): boolean {
  return isGrpcDeadlineError(error) || isGrpcCancelledError(error);
}

/** Says a text each time that it begins to be so: a command would wait without a word. */
export function createStateNote(
  progress: Pick<Progress, 'note'>,
  text: string,
): (isSo: boolean) => void {
  let wasSo = false;
  return (isSo) => {
    if (isSo && !wasSo) progress.note?.(text);
    wasSo = isSo;
  };
}
