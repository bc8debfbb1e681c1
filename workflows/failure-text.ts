import { ApplicationFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';

const CHARACTERS_MAX = 500;

/**
 * What went wrong, for people: code and message of the innermost failure, which says what to do;
 * Temporal's wrappers only say where. Without a full stop at its end, so that it fits a sentence.
 */
export function failureText(error: unknown): string {
  if (isCancellation(error)) return 'cancelled';
  const cause = innermost(error);
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof ApplicationFailure && cause.type !== 'Error' ? cause.type : null;
  return (code ? `${code}: ${message}` : message).slice(0, CHARACTERS_MAX).replace(/\.$/, '');
}

function innermost(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause;
}
