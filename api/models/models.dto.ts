import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Matches } from 'class-validator';
import { IsText } from '../http/validation';

export class VersionParamDto {
  @ApiProperty({ example: 'v003', pattern: String.raw`^v\d{3,9}$` })
  @Matches(/^v\d{3,9}$/, { message: '$property must be a version such as v003' })
  readonly version!: string;
}

/** Why a person changes the champion; kept in the event log. */
export class ReasonDto {
  @ApiProperty({ minLength: 1, maxLength: 500, example: 'Better on the March cohort' })
  @Transform(({ value }) => (typeof value === 'string' ? value.trim() : (value as unknown)))
  @IsText({ min: 1, max: 500 })
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
