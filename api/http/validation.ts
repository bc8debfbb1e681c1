import {
  ValidationPipe,
  type ArgumentMetadata,
  type PipeTransform,
  type ValidationError,
} from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import {
  registerDecorator,
  validateSync,
  type ValidationOptions,
  type ValidatorOptions,
} from 'class-validator';
import { parseInstant, parseLogicalDate } from '../../packages/instants';
import { InvalidRequestError, type FieldProblem } from './problem-details';

const rules: ValidatorOptions = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  // One problem a field: a value of the wrong kind breaks every further rule, too.
  stopAtFirstError: true,
  validationError: { target: false, value: false },
};

const UNKNOWN_FIELD_PROBLEM = 'is not a known field';

/** Validates DTOs; a request with unknown or wrong fields is refused with each of them named. */
export function createValidationPipe(): PipeTransform {
  return new FlatValidationPipe({
    ...rules,
    transform: true,
    exceptionFactory: (errors) => new InvalidRequestError(fieldProblems(errors)),
  });
}

/**
 * Refuses what no field of a request may hold before class-transformer sees it, which calls what an
 * object says is its constructor, and descends into objects however deep they are.
 */
class FlatValidationPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (value !== undefined && value !== null) requireFlatFields(value);
    return super.transform(value, metadata);
  }
}

/** The same rules for a body that does not go through the pipe. */
export function validateBody<T extends object>(dto: new () => T, body: unknown): T {
  requireFlatFields(body);
  const instance = plainToInstance(dto, body);
  const errors = validateSync(instance, rules);
  if (errors.length > 0) throw new InvalidRequestError(fieldProblems(errors));
  return instance;
}

/**
 * @throws InvalidRequestError unless each field is a scalar or a list of scalars, and none has the name
 * of what every object has: class-transformer leaves such a field out, so that no rule would see it.
 */
function requireFlatFields(fields: unknown): asserts fields is object {
  if (!isNested(fields) || Array.isArray(fields)) {
    throw new InvalidRequestError([{ field: 'body', problem: 'must be a JSON object' }]);
  }
  const inherited = Object.keys(fields).filter((field) => field in Object.prototype);
  if (inherited.length > 0) {
    throw new InvalidRequestError(
      inherited.map((field) => ({ field, problem: UNKNOWN_FIELD_PROBLEM })),
    );
  }
  const nested = Object.entries(fields).filter(([, value]) =>
    Array.isArray(value) ? value.some(isNested) : isNested(value),
  );
  if (nested.length === 0) return;
  const problem = 'must not contain an object, nor a list in a list';
  throw new InvalidRequestError(nested.map(([field]) => ({ field, problem })));
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function fieldProblems(errors: readonly ValidationError[], prefix = ''): FieldProblem[] {
  return errors.flatMap((error) => {
    const field = prefix + (error.property ?? 'body');
    const own = Object.entries(error.constraints ?? {}).map(([name, message]) => ({
      field,
      problem:
        name === 'whitelistValidation'
          ? UNKNOWN_FIELD_PROBLEM
          : withoutName(message, error.property),
    }));
    return [...own, ...fieldProblems(error.children ?? [], `${field}.`)];
  });
}

/** class-validator starts its messages with the property's name, which the field says already. */
function withoutName(message: string, property: string | undefined): string {
  const prefix = `${property} `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** What is wrong with a value, in words that follow the name of its field; undefined: nothing. */
type ProblemOf = (value: unknown) => string | undefined;

function rule(name: string, problemOf: ProblemOf) {
  return (options?: ValidationOptions): PropertyDecorator =>
    (target, propertyName) => {
      registerDecorator({
        name,
        target: target.constructor,
        propertyName: propertyName as string,
        options: {
          message: ({ property, value }) => `${property} ${problemOf(value) ?? 'is not valid'}`,
          ...options,
        },
        validator: { validate: (value) => problemOf(value) === undefined },
      });
    };
}

/** No date or moment is longer; what is longer is not read, and not repeated in an answer. */
export const PARSABLE_LENGTH_MAX = 64;

/** A text that `parse` takes; why it refuses another one is the message of its error. */
function parsable(parse: (text: string) => unknown, kind: string): ProblemOf {
  return (value) => {
    if (typeof value !== 'string') return `must be a string: ${kind}`;
    if (value.length > PARSABLE_LENGTH_MAX) {
      return `must be ${kind} of at most ${PARSABLE_LENGTH_MAX} characters`;
    }
    try {
      parse(value);
      return undefined;
    } catch (error) {
      return `must be ${kind}: ${(error as Error).message}`;
    }
  };
}

/** An existing day written YYYY-MM-DD. */
export const IsLogicalDate = rule('isLogicalDate', parsable(parseLogicalDate, 'a date'));

const instantProblem = parsable(parseInstant, 'latest, as-served or a moment');

/** `latest`, `as-served` or an ISO 8601 instant. */
export const IsKnownAt = rule('isKnownAt', (value) =>
  value === 'latest' || value === 'as-served' ? undefined : instantProblem(value),
);

const ASCII_USER_ID = /^[\x20-\x7e]{1,128}$/;
const USER_ID = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

/** A whole number, with both bounds included. */
export const IsWholeNumber = ({ min, max }: { min: number; max: number }) =>
  rule('isWholeNumber', (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`,
  )();

/** What no text of one line has; Postgres takes no NUL, and UTF-8 has no half of a surrogate pair. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** A line of so many UTF-16 code units, with both bounds included, and no control characters. */
export const IsText = ({ min, max }: { min: number; max: number }) =>
  rule('isText', (value) => {
    if (typeof value !== 'string' || value.length < min || value.length > max) {
      return `must be a text of ${min} to ${max} characters`;
    }
    return UNPRINTABLE.test(value) ? 'must not contain control characters' : undefined;
  })();

/** 1 to 128 printable characters. */
export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && (ASCII_USER_ID.test(value) || USER_ID.test(value));
}

const USER_ID_PROBLEM = 'must be 1 to 128 printable characters';

export const IsUserId = rule('isUserId', (value) =>
  isUserId(value) ? undefined : USER_ID_PROBLEM,
);

/** A list of 1 to `max` user ids. */
export const IsUserIds = ({ max }: { max: number }) =>
  rule('isUserIds', (value) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > max) {
      return `must be a list of 1 to ${max} user ids`;
    }
    const index = value.findIndex((id) => !isUserId(id));
    return index === -1 ? undefined : `has a wrong id at index ${index}: it ${USER_ID_PROBLEM}`;
  })();
