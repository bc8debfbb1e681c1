import type { ErrorEntry } from './error-entry';

/** Errors of a request to the API, whatever it asks for; a part of the error catalogue. */
export const requestErrors = {
  PAYLOAD_TOO_LARGE: {
    message: 'The request body is larger than {limitBytes} bytes.',
    httpStatus: 413,
    retryable: false,
  },
  FORBIDDEN_HOST: {
    message:
      'Requests for this host name or from this origin are refused. Use the address that the API listens on, or have CHURN_API_ALLOWED_HOSTS name the host.',
    httpStatus: 403,
    retryable: false,
  },
  HEADERS_TOO_LARGE: {
    message: 'The headers of the request are larger than the server reads.',
    httpStatus: 431,
    retryable: false,
  },
  REQUEST_TIMEOUT: {
    message: 'The request did not arrive completely within {seconds} seconds.',
    httpStatus: 408,
    retryable: true,
  },
  EXPECTATION_FAILED: {
    message: 'The Expect header asks for something other than 100-continue.',
    httpStatus: 417,
    retryable: false,
  },
  SERVER_BUSY: {
    message: 'Too many requests for {what} are waiting already. Try again in a few seconds.',
    httpStatus: 503,
    retryable: true,
  },
  METHOD_NOT_ALLOWED: {
    message: '{path} does not take {method}, only {allowed}.',
    httpStatus: 405,
    retryable: false,
  },
  NOT_FOUND: { message: 'There is nothing at {path}.', httpStatus: 404, retryable: false },
  INVALID_REQUEST: {
    message: 'The request is not valid: {problem}.',
    httpStatus: 400,
    retryable: false,
  },
  INTERNAL: {
    message: 'An unexpected error occurred. The log of the API has the details under id {id}.',
    httpStatus: 500,
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;
