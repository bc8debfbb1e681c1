import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isChurnError } from '../packages/contracts';
import { asDatabaseError } from '../packages/database';

/**
 * What an activity throws for an error of its port: a catalogue error keeps its code as the stable
 * failure type and is retried only if the catalogue says so; a lost connection to Postgres becomes
 * the catalogue's error for it (the online store does the same for Redis itself); anything else may
 * be a passing trouble and is retried.
 */
export function toActivityFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const known = asDatabaseError(error);
  if (isChurnError(known)) {
    return ApplicationFailure.create({
      type: known.code,
      message: known.message,
      nonRetryable: !known.retryable,
      details: [known.details],
      cause: known.cause instanceof Error ? known.cause : undefined,
    });
  }
  return known instanceof Error ? known : new Error(String(known));
}
