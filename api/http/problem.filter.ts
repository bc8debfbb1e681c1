import { randomUUID } from 'node:crypto';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { ChurnError } from '../../packages/contracts';
import { catalogueErrorOf, PROBLEM_CONTENT_TYPE, problemDetailsOf } from './problem-details';

const RETRY_AFTER_SECONDS = 1;

/** Answers every error, Nest's, Fastify's and ours, as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(thrown, http.getRequest(), http.getResponse(), this.logger);
  }
}

export function sendProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): void {
  const path = pathOf(request.url);
  const bodyLimitBytes = request.routeOptions?.bodyLimit ?? 0;
  const error = catalogueErrorOf(thrown, { path, bodyLimitBytes, newId: randomUUID });
  logFailure(error, path, logger);
  if (reply.sent) return;
  if (error.httpStatus === 503 && error.retryable) reply.header('retry-after', RETRY_AFTER_SECONDS);
  reply
    .code(error.httpStatus)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .send(JSON.stringify(problemDetailsOf(error, path)));
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

export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}
