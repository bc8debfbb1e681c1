import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { errorCatalogue, type ErrorCode } from '../../packages/contracts';
import { PROBLEM_CONTENT_TYPE } from './problem-details';

export class FieldProblemDto {
  @ApiProperty({ example: 'user_id' })
  readonly field!: string;
  @ApiProperty({ example: 'must be 1 to 128 printable characters' })
  readonly problem!: string;
}

/** RFC 9457. */
export class ProblemDto {
  @ApiProperty({ example: 'urn:churn:problem:UNKNOWN_USER' })
  readonly type!: string;
  @ApiProperty({ example: 'Unknown user' })
  readonly title!: string;
  @ApiProperty({ example: 404 })
  readonly status!: number;
  @ApiProperty()
  readonly detail!: string;
  @ApiProperty({ enum: Object.keys(errorCatalogue) })
  readonly code!: string;
  @ApiProperty({ description: 'Whether trying again without changing anything can help.' })
  readonly retryable!: boolean;
  @ApiProperty({ example: '/predict' })
  readonly instance!: string;
  @ApiPropertyOptional({ type: [FieldProblemDto] })
  readonly errors?: readonly FieldProblemDto[];
}

/** What every route may answer: of what is not HTTP, of the guard, and of what nobody expected. */
const GENERAL_CODES = [
  'INVALID_REQUEST',
  'FORBIDDEN_HOST',
  'REQUEST_TIMEOUT',
  'EXPECTATION_FAILED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
] as const satisfies readonly ErrorCode[];

/**
 * Documents the codes a route answers with, grouped by HTTP status: those given, each any number of
 * times, and those that every route may answer with.
 */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...GENERAL_CODES])) {
    const { httpStatus } = errorCatalogue[code];
    byStatus.set(httpStatus, [...(byStatus.get(httpStatus) ?? []), code]);
  }
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...[...byStatus].map(([status, group]) =>
      ApiResponse({
        status,
        description: group.join(', '),
        content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: getSchemaPath(ProblemDto) } } },
      }),
    ),
  );
}
