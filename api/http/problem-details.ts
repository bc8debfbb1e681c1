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

/** A request may have any number of unknown fields, with names and values of any length. */
const FIELDS_LISTED_MAX = 20;
const FIELD_LENGTH_MAX = 128;
const PROBLEM_LENGTH_MAX = 300;

/** A request that is not valid, with the first 20 fields that are wrong. */
export class InvalidRequestError extends ChurnError {
  readonly fields: readonly FieldProblem[];

  constructor(wrong: readonly FieldProblem[]) {
    const fields = wrong.slice(0, FIELDS_LISTED_MAX).map(({ field, problem }) => ({
      field: shortened(field, FIELD_LENGTH_MAX),
      problem: shortened(problem, PROBLEM_LENGTH_MAX),
    }));
    const sentences = fields.map(({ field, problem }) => `${field} ${problem}`);
    const more = wrong.length - fields.length;
    if (more > 0) sentences.push(`and ${more} more`);
    super('INVALID_REQUEST', { problem: sentences.join('; ') });
    this.fields = fields;
  }
}

function shortened(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
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
  readonly method: string;
  readonly path: string;
  /** The methods that the path takes; none: there is nothing at it. */
  readonly allowed: () => readonly string[];
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
      return nothingThere(context);
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

function nothingThere({ method, path, allowed }: ThrownContext): ChurnError {
  const methods = allowed();
  if (methods.length === 0 || methods.includes(method))
    return new ChurnError('NOT_FOUND', { path });
  return new ChurnError('METHOD_NOT_ALLOWED', { method, path, allowed: methods.join(', ') });
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
