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

/** Documents the codes a route answers with, grouped by HTTP status. */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
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
