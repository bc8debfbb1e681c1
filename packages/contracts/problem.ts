import { errorCatalogue, type ChurnError, type ErrorCode } from './errors';

/** RFC 9457 problem details of an error from the catalogue, as the API and the command line give it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** Whether trying again without changing anything can help. */
  readonly retryable: boolean;
}

export function problemOf({ code, message }: Pick<ChurnError, 'code' | 'message'>): Problem {
  const { httpStatus, retryable } = errorCatalogue[code];
  return {
    type: `urn:churn:problem:${code}`,
    title: titleOf(code),
    status: httpStatus,
    detail: message,
    code,
    retryable,
  };
}

/** `NO_MODEL` → `No model`. */
function titleOf(code: ErrorCode): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
