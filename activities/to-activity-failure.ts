import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isChurnError } from '../packages/contracts';
import { asDatabaseError } from '../packages/database';
import { asStorageError } from '../packages/durable-files';

/**
 * What an activity throws for an error of its port: a catalogue error keeps its code as the stable
 * failure type and is retried only if the catalogue says so; a lost connection to Postgres, and a disk
 * that is full or can't be written, become the catalogue's errors for them (the online store does the
 * same for Redis itself); anything else may be a passing trouble and is retried.
 *
 * The cause of a catalogue error stays here: it may quote data, and people are shown the innermost
 * failure, where the catalogue's message says what to do.
 */
export function toActivityFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const known = asStorageError(asDatabaseError(error));
  if (isChurnError(known)) {
    return ApplicationFailure.create({
      type: known.code,
      message: known.message,
      nonRetryable: !known.retryable,
      details: [known.details],
    });
  }
  return known instanceof Error ? known : new Error(String(known));
}
