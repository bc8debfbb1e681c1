import type { Socket } from 'node:net';
import { InvalidRequestError, PROBLEM_CONTENT_TYPE, problemDetailsOf } from './problem-details';

/** Answers what is not HTTP at all, below the framework, and hangs up. */
export function rejectUnreadableRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = new InvalidRequestError([{ field: 'request', problem: 'is not readable HTTP' }]);
  const body = JSON.stringify(problemDetailsOf(refusal, '/'));
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      `content-type: ${PROBLEM_CONTENT_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
