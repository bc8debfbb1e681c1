import { ApplicationFailure } from '@temporalio/common';
import { ChurnError, type ErrorCode, type ErrorDetails } from '../packages/contracts';
import { parseLogicalDate } from '../packages/instants';

/**
 * A catalogue error as the failure that ends a workflow. Any other error thrown by workflow code
 * would only fail the task, to be tried again for ever.
 */
export function refusal(code: ErrorCode, details: ErrorDetails): ApplicationFailure {
  const { message } = new ChurnError(code, details);
  return ApplicationFailure.nonRetryable(message, code, details);
}

/** @throws ApplicationFailure INVALID_REQUEST when the text is not an existing day. */
export function checkedDate(text: string, name: string): string {
  try {
    return parseLogicalDate(text);
  } catch (error) {
    throw refusal('INVALID_REQUEST', { problem: `${name}: ${(error as Error).message}` });
  }
}
