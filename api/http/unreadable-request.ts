import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ChurnError } from '../../packages/contracts';
import { InvalidRequestError, PROBLEM_CONTENT_TYPE, problemDetailsOf } from './problem-details';
import { pathOf } from './request-path';

/** How long a refused client has to read why before its connection is cut. */
const LINGER_MS = 1_000;

/** Of Node's HTTP server: the response that it is writing to the socket. */
type ServerSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/**
 * Answers what never became a request, below the framework, and hangs up.
 *
 * @param requestTimeoutMs  How long a request may take to arrive.
 */
export function createUnreadableRequestHandler(requestTimeoutMs: number) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    const isAnswering = (socket as ServerSocket)._httpMessage?.headersSent === true;
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
      socket.destroy();
      return;
    }
    socket.end(responseOf(refusalOf(error.code, requestTimeoutMs)));
    // A client that does not hang up itself could keep the connection for as long as it likes.
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
}

function refusalOf(code: string | undefined, requestTimeoutMs: number): ChurnError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ChurnError('REQUEST_TIMEOUT', { seconds: requestTimeoutMs / 1_000 });
  }
  if (code === 'HPE_HEADER_OVERFLOW') return new ChurnError('HEADERS_TOO_LARGE');
  return new InvalidRequestError([{ field: 'request', problem: 'is not readable HTTP' }]);
}

function responseOf(refusal: ChurnError): string {
  const problem = problemDetailsOf(refusal, '/');
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `content-type: ${PROBLEM_CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

/** Answers a request that expects something else than to be told to continue, before it sends more. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const refusal = new ChurnError('EXPECTATION_FAILED');
  const body = JSON.stringify(problemDetailsOf(refusal, pathOf(request.url ?? '/')));
  response
    .writeHead(refusal.httpStatus, {
      'content-type': PROBLEM_CONTENT_TYPE,
      'content-length': Buffer.byteLength(body),
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    .end(body);
}
