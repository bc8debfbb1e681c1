import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { predictionLogStatuses, type PredictionLogStatus } from '../ports';

export class ServiceHealthDto {
  @ApiProperty({ enum: ['up', 'down'] })
  readonly status!: 'up' | 'down';
  @ApiPropertyOptional({ description: 'Why it is down.', example: 'POSTGRES_UNAVAILABLE' })
  readonly code?: string;
}

export class ModelHealthDto {
  @ApiProperty({ enum: ['serving', 'none'] })
  readonly status!: 'serving' | 'none';
  @ApiProperty({ type: String, nullable: true, example: 'v003' })
  readonly version!: string | null;
  @ApiPropertyOptional({
    description: 'Why the champion could not be loaded; a version that serves is an earlier one.',
    example: 'CORRUPT_MODEL',
  })
  readonly code?: string;
}

export class FeaturesHealthDto {
  @ApiProperty({
    enum: ['fresh', 'stale', 'none', 'unusable', 'unknown'],
    description: 'none: nothing is published; unusable: what is in Redis is not served; see code.',
  })
  readonly status!: 'fresh' | 'stale' | 'none' | 'unusable' | 'unknown';
  @ApiPropertyOptional({
    description: 'Why no features are served.',
    example: 'INSTALLATION_MISMATCH',
  })
  readonly code?: string;
  @ApiPropertyOptional({ format: 'date-time' })
  readonly feature_time?: string;
  @ApiPropertyOptional({ description: 'Age of the data: now − feature_time.' })
  readonly age_seconds?: number;
  @ApiPropertyOptional()
  readonly revision?: number;
  @ApiPropertyOptional()
  readonly users?: number;
  @ApiPropertyOptional({ format: 'date-time' })
  readonly published_at?: string;
}

export class PredictionLogHealthDto {
  @ApiProperty({ enum: predictionLogStatuses })
  readonly status!: PredictionLogStatus;
  @ApiProperty({ description: 'Predictions that are not in ops.predictions yet.' })
  readonly pending!: number;
  @ApiProperty({ description: 'How many of them are in files.' })
  readonly spooled!: number;
  @ApiProperty({ description: 'Predictions that could not be kept.' })
  readonly dropped!: number;
  @ApiProperty({ description: 'Whether predictions can be written to files.' })
  readonly spool!: ServiceHealthDto;
}

export class ApiProcessesHealthDto {
  @ApiProperty({ enum: ['up', 'degraded'], description: 'degraded: not all processes serve.' })
  readonly status!: 'up' | 'degraded';
  @ApiProperty({ description: 'How many there are to be (CHURN_API_PROCESSES).' })
  readonly processes!: number;
  @ApiProperty({ description: 'How many of them serve.' })
  readonly serving!: number;
  @ApiProperty({ description: 'How often one that had ended was started again.' })
  readonly restarts!: number;
}

export class HealthPartsDto {
  @ApiProperty()
  readonly redis!: ServiceHealthDto;
  @ApiProperty()
  readonly postgres!: ServiceHealthDto;
  @ApiProperty()
  readonly temporal!: ServiceHealthDto;
  @ApiProperty()
  readonly model!: ModelHealthDto;
  @ApiProperty()
  readonly features!: FeaturesHealthDto;
  @ApiProperty()
  readonly prediction_log!: PredictionLogHealthDto;
  @ApiProperty()
  readonly api!: ApiProcessesHealthDto;
}

export class HealthDto {
  @ApiProperty({ enum: ['ok', 'degraded'] })
  readonly status!: 'ok' | 'degraded';
  @ApiProperty()
  readonly parts!: HealthPartsDto;
}

export class AliveDto {
  @ApiProperty({ enum: ['ok'] })
  readonly status!: 'ok';
}
