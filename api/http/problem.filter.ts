import { randomUUID } from 'node:crypto';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { ChurnError } from '../../packages/contracts';
import { catalogueErrorOf, PROBLEM_CONTENT_TYPE, problemDetailsOf } from './problem-details';
import { pathOf } from './request-path';
import type { RouteMethods } from './route-methods';

const RETRY_AFTER_SECONDS = 1;

export interface ProblemContext {
  readonly logger: Logger;
  readonly routeMethods: RouteMethods;
}

/** Answers every error, Nest's, Fastify's and ours, as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly context: ProblemContext) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(thrown, http.getRequest(), http.getResponse(), this.context);
  }
}

export function sendProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { logger, routeMethods }: ProblemContext,
): void {
  // The client has left, which is why the work was stopped: nobody is to be told.
  if (isAbort(thrown) && reply.raw.destroyed) return;
  const path = pathOf(request.url);
  const error = catalogueErrorOf(thrown, {
    method: request.method,
    path,
    allowed: () => routeMethods.of(path),
    bodyLimitBytes: request.routeOptions?.bodyLimit ?? 0,
    newId: randomUUID,
  });
  logFailure(error, path, logger);
  if (reply.sent) return;
  if (error.code === 'METHOD_NOT_ALLOWED') reply.header('allow', error.details.allowed);
  if (error.httpStatus === 503 && error.retryable) reply.header('retry-after', RETRY_AFTER_SECONDS);
  reply
    .code(error.httpStatus)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .send(JSON.stringify(problemDetailsOf(error, path)));
}

/** The usual reason of an aborted signal, which is no Error. */
function isAbort(thrown: unknown): boolean {
  return (thrown as Partial<DOMException> | null | undefined)?.name === 'AbortError';
}

/** Callers see the catalogue's message; what went wrong inside is here only. */
function logFailure(error: ChurnError, path: string, logger: Logger): void {
  if (error.httpStatus < 500) return;
  const id = error.code === 'INTERNAL' ? error.details.id : undefined;
  const entry = { code: error.code, id, path, err: error.cause ?? error };
  // During an outage every request is refused; /health and /metrics tell of it without a flood.
  if (error.httpStatus === 503) logger.debug(entry, 'request refused');
  else logger.error(entry, 'request failed');
}
