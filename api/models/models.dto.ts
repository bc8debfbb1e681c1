import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Matches, ValidateIf } from 'class-validator';
import { IsText } from '../http/validation';

const VERSION = /^v\d{3,9}$/;
const REASON_LENGTH_MAX = 500;

export class VersionParamDto {
  @ApiProperty({ example: 'v003', pattern: VERSION.source })
  @Matches(VERSION, { message: '$property must be a version such as v003' })
  readonly version!: string;
}

/** What a person asks for who changes the champion. */
export class ChampionMoveDto {
  @ApiProperty({
    type: String,
    nullable: true,
    pattern: VERSION.source,
    example: 'v002',
    description:
      'The champion that is to be replaced, as GET /models showed it; null: there is none.',
  })
  @ValidateIf((_body, value) => value !== null)
  @Matches(VERSION, { message: '$property must be the present champion, such as v003, or null' })
  readonly from!: string | null;

  @ApiProperty({
    minLength: 1,
    maxLength: REASON_LENGTH_MAX,
    example: 'Better on the March cohort',
    description: 'Why; kept in the event log. Without control characters.',
  })
  @Transform(({ value }) => (typeof value === 'string' ? value.trim() : (value as unknown)))
  @IsText({ min: 1, max: REASON_LENGTH_MAX })
  readonly reason!: string;
}

export class AliasesDto {
  @ApiProperty({ type: String, nullable: true, example: 'v003' })
  readonly champion!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null })
  readonly challenger!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'v002' })
  readonly previous!: string | null;
}

export class ChampionChangeDto extends AliasesDto {
  @ApiProperty({ description: 'False where this was in force already.' })
  readonly changed!: boolean;
}

export class ModelListDto {
  @ApiProperty()
  readonly aliases!: AliasesDto;
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  readonly models!: readonly object[];
}

export class ServingVersionDto {
  @ApiProperty({ example: 'v003' })
  readonly model_version!: string;
  @ApiProperty()
  readonly schema_hash!: string;
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'metadata.json' })
  readonly metadata!: object;
}
