import {
  ApiProperty,
  ApiPropertyOptional,
  OmitType,
  type ApiPropertyOptions,
} from '@nestjs/swagger';
import { IsBoolean, IsIn, Matches } from 'class-validator';
import { reprocessWords, type BackfillStatus, type Reprocess } from '../../packages/contracts';
import { IsKnownAt, IsLogicalDate, PARSABLE_LENGTH_MAX } from '../http/validation';

/** A dry run's answer has the status `dry-run`, and no other answer has it. */
const statuses = [
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
] as const satisfies readonly BackfillStatus[];

/** What has a default may be left out, but not be null. */
export class BackfillRequestDto {
  @ApiProperty({ format: 'date', example: '2026-01-01' })
  @IsLogicalDate()
  readonly from!: string;

  @ApiProperty({ format: 'date', description: 'Inclusive.', example: '2026-01-31' })
  @IsLogicalDate()
  readonly to!: string;

  @ApiPropertyOptional({ enum: reprocessWords, default: 'missing' })
  @IsIn(reprocessWords)
  readonly reprocess: Reprocess = 'missing';

  @ApiPropertyOptional({
    default: 'latest',
    maxLength: PARSABLE_LENGTH_MAX,
    description: 'latest, as-served, or an ISO 8601 instant.',
  })
  @IsKnownAt()
  readonly known_at: string = 'latest';

  @ApiPropertyOptional({
    default: false,
    description: 'Train a model at the end; it serves at once if the gate allows it.',
  })
  @IsBoolean()
  readonly train: boolean = false;

  @ApiPropertyOptional({ default: false, description: 'Only return the plan.' })
  @IsBoolean()
  readonly dry_run: boolean = false;
}

/** Both answers of POST /backfill have them. */
const describeWarnings: ApiPropertyOptions = {
  type: [String],
  description: 'For people: dates of the range before the first signup, which have no users.',
};

const BACKFILL_ID = /^[\w.:-]{1,128}$/;

export class BackfillIdDto {
  @ApiProperty({ example: '2026-01-01_2026-01-31_1f3a9c04', pattern: BACKFILL_ID.source })
  @Matches(BACKFILL_ID, { message: '$property must be the id of a backfill' })
  readonly id!: string;
}

export class BackfillStartedDto {
  @ApiProperty()
  readonly id!: string;
  @ApiProperty({ enum: statuses })
  readonly status!: BackfillStatus;
  @ApiProperty(describeWarnings)
  readonly warnings!: readonly string[];
}

export class DateErrorDto {
  @ApiProperty({ format: 'date' })
  readonly date!: string;
  @ApiProperty({ description: 'Code and message.' })
  readonly error!: string;
}

export class BackfillProgressDto {
  @ApiProperty()
  readonly id!: string;
  @ApiProperty({ enum: statuses })
  readonly status!: BackfillStatus;
  @ApiProperty({ description: 'The knowledge that every date is computed with.' })
  readonly known_at!: string;
  @ApiProperty({ description: 'How many dates are to run.' })
  readonly planned!: number;
  @ApiProperty()
  readonly succeeded!: number;
  @ApiProperty()
  readonly skipped!: number;
  @ApiProperty({ type: [String], description: 'Dates that failed.' })
  readonly failed!: readonly string[];
  @ApiProperty({ type: [DateErrorDto], description: 'Why, for the first of them (at most 20).' })
  readonly errors!: readonly DateErrorDto[];
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it failed as a whole, or what is being tried again; else null.',
  })
  readonly reason!: string | null;
}

export class BackfillChangeDto extends BackfillProgressDto {
  @ApiProperty({ description: 'False where it was in that state already.' })
  readonly changed!: boolean;
}

export class DateChunkDto {
  @ApiProperty({ format: 'date' })
  readonly from!: string;
  @ApiProperty({ format: 'date' })
  readonly to!: string;
  @ApiProperty({ type: [String], description: 'Dates inside the chunk that are not to run.' })
  readonly except!: readonly string[];
}

export class BackfillPlanDto extends OmitType(BackfillProgressDto, ['status']) {
  @ApiProperty({ enum: ['dry-run'] })
  readonly status!: 'dry-run';
  @ApiProperty({ type: [DateChunkDto] })
  readonly chunks!: readonly DateChunkDto[];
  @ApiProperty(describeWarnings)
  readonly warnings!: readonly string[];
}
