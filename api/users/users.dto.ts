import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional } from 'class-validator';
import { AT_RISK_LIMIT_MAX } from '../../packages/contracts';
import { IsWholeNumber } from '../http/validation';

export class AtRiskQueryDto {
  @ApiPropertyOptional({ minimum: 1, maximum: AT_RISK_LIMIT_MAX, default: 20 })
  @IsOptional()
  @Transform(({ value }) => (/^\d{1,9}$/.test(String(value)) ? Number(value) : (value as unknown)))
  @IsWholeNumber({ min: 1, max: AT_RISK_LIMIT_MAX })
  readonly limit: number = 20;
}

export class AtRiskUserDto {
  @ApiProperty({ example: 'u000042' })
  readonly user_id!: string;
  @ApiProperty({ example: 0.91 })
  readonly churn_probability!: number;
  @ApiProperty({
    type: [String],
    description: 'In words, strongest first.',
    example: ['no login for 21 days: +1.40'],
  })
  readonly reasons!: readonly string[];
}

export class AtRiskResponseDto {
  @ApiProperty({ example: 'v003' })
  readonly model_version!: string;
  @ApiProperty({ format: 'date-time' })
  readonly feature_time!: string;
  @ApiProperty({ type: [AtRiskUserDto], description: 'Most likely to leave first.' })
  readonly users!: readonly AtRiskUserDto[];
}
