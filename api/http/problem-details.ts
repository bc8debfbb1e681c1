import { ChurnError, isChurnError, problemOf, type Problem } from '../../packages/contracts';

/** One field of a request that is not as it should be. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/** What a request is answered with: the problem of its error, and which path it was. */
export interface ProblemDetails extends Problem {
  readonly instance: string;
  readonly errors?: readonly FieldProblem[];
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** A request that is not valid, with every field that is wrong. */
export class InvalidRequestError extends ChurnError {
  constructor(readonly fields: readonly FieldProblem[]) {
    const problem = fields.map(({ field, problem }) => `${field} ${problem}`).join('; ');
    super('INVALID_REQUEST', { problem });
  }
}

/** The problem document of an error from the catalogue. */
export function problemDetailsOf(error: ChurnError, instance: string): ProblemDetails {
  return {
    ...problemOf(error),
    instance,
    ...(error instanceof InvalidRequestError && { errors: error.fields }),
  };
}

export interface ThrownContext {
  readonly path: string;
  readonly bodyLimitBytes: number;
  readonly newId: () => string;
}

/**
 * What a thrown value tells the caller. Nest's and Fastify's own refusals become codes of the
 * catalogue; anything unexpected becomes INTERNAL, its message staying in the log.
 */
export function catalogueErrorOf(thrown: unknown, context: ThrownContext): ChurnError {
  if (isChurnError(thrown)) return thrown;
  const status = clientErrorStatus(thrown);
  switch (status) {
    case undefined:
      return new ChurnError('INTERNAL', { id: context.newId() }, { cause: thrown });
    case 404:
      return new ChurnError('NOT_FOUND', { path: context.path });
    case 413:
      return new ChurnError('PAYLOAD_TOO_LARGE', { limitBytes: context.bodyLimitBytes });
    case 415:
      return new InvalidRequestError([
        { field: 'content-type', problem: 'must be application/json' },
      ]);
    default:
      return new ChurnError('INVALID_REQUEST', { problem: (thrown as Error).message });
  }
}

function clientErrorStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const status = 'getStatus' in thrown ? (thrown as HttpLike).getStatus() : statusField(thrown);
  return status !== undefined && status >= 400 && status < 500 ? status : undefined;
}

interface HttpLike {
  getStatus(): number;
}

function statusField(thrown: Error): number | undefined {
  return 'statusCode' in thrown && typeof thrown.statusCode === 'number'
    ? thrown.statusCode
    : undefined;
}
