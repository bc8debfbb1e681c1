import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsIn } from 'class-validator';
import { IsUserId, IsUserIds } from '../http/validation';

export const BATCH_USERS_MAX = 1_000;

export class PredictRequestDto {
  @ApiProperty({ minLength: 1, maxLength: 128, example: 'u000042' })
  @IsUserId()
  readonly user_id!: string;
}

export class PredictBatchRequestDto {
  @ApiProperty({
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 128 },
    minItems: 1,
    maxItems: BATCH_USERS_MAX,
    example: ['u000042'],
  })
  @IsUserIds({ max: BATCH_USERS_MAX })
  readonly user_ids!: string[];
}

export class ExplainQueryDto {
  @ApiPropertyOptional({
    enum: ['true', 'false'],
    default: 'false',
    description: 'Adds what each feature contributes to the log-odds.',
  })
  @IsOptional()
  @IsIn(['true', 'false'])
  readonly explain?: 'true' | 'false';
}

export class ContributionDto {
  @ApiProperty({ description: 'Its name.' })
  readonly feature!: string;
  @ApiProperty({ oneOf: [{ type: 'number' }, { type: 'boolean' }], example: 11 })
  readonly value!: number | boolean;
  @ApiProperty({ description: 'In log-odds, against the average user of training.', example: 0.83 })
  readonly contribution!: number;
}

/** What a prediction says; PredictionDto and a batch's results are made of it. */
export class PredictionDto {
  @ApiProperty({ minimum: 0, maximum: 1, example: 0.0731 })
  readonly churn_probability!: number;
  @ApiProperty({ example: 'v003' })
  readonly model_version!: string;
  @ApiProperty({ format: 'date-time', description: 'The moment the features describe.' })
  readonly feature_time!: string;
  @ApiProperty({
    type: 'object',
    additionalProperties: { oneOf: [{ type: 'number' }, { type: 'boolean' }] },
  })
  readonly features!: Readonly<Record<string, number | boolean>>;
  @ApiProperty({
    format: 'uuid',
    description: 'With this id, churn replay recomputes the prediction.',
  })
  readonly prediction_id!: string;
  @ApiProperty({ description: 'The features are older than CHURN_STALE_AFTER_HOURS.' })
  readonly stale!: boolean;
  @ApiProperty({
    type: Boolean,
    nullable: true,
    description:
      'Whether models are trained on users like this one. False for users who have left or are dormant; null while the online store does not say who is subscribed.',
  })
  readonly eligible!: boolean | null;
  @ApiProperty({
    enum: ['left', 'dormant', null],
    nullable: true,
    description:
      'left: not subscribed; dormant: no session in 30 days; null where eligible is not false.',
  })
  readonly ineligible_reason!: 'left' | 'dormant' | null;
  @ApiPropertyOptional({ type: [ContributionDto] })
  readonly contributions?: readonly ContributionDto[];
}

export class UserErrorDto {
  @ApiProperty({ example: 'UNKNOWN_USER' })
  readonly code!: string;
  @ApiProperty()
  readonly detail!: string;
}

/** A prediction or an error for one of the users asked for. */
export class BatchResultDto {
  @ApiProperty()
  readonly user_id!: string;
  @ApiPropertyOptional({ type: PredictionDto })
  readonly prediction?: PredictionDto;
  @ApiPropertyOptional({ type: UserErrorDto })
  readonly error?: UserErrorDto;
}

export class PredictBatchResponseDto {
  @ApiProperty({ type: [BatchResultDto], description: 'One per user_ids entry, in its order.' })
  readonly results!: readonly BatchResultDto[];
}
