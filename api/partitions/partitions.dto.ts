import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import type { PartitionRow } from '../../packages/contracts';
import { IsLogicalDate } from '../http/validation';

export class PartitionQueryDto {
  @ApiPropertyOptional({ format: 'date', example: '2026-01-01' })
  @IsOptional()
  @IsLogicalDate()
  readonly from?: string;

  @ApiPropertyOptional({ format: 'date', description: 'Inclusive.', example: '2026-01-31' })
  @IsOptional()
  @IsLogicalDate()
  readonly to?: string;
}

export class PartitionRowDto implements PartitionRow {
  @ApiProperty({ format: 'date' })
  readonly date!: string;
  @ApiProperty({ enum: ['running', 'succeeded', 'failed', 'cancelled'] })
  readonly status!: PartitionRow['status'];
  @ApiProperty({ type: Number, nullable: true })
  readonly revision!: number | null;
  @ApiProperty({ type: String, enum: ['latest', 'as-served', 'pinned', null], nullable: true })
  readonly knowledge!: PartitionRow['knowledge'];
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly known_at!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly label_known_at!: string | null;
  @ApiProperty({ type: Number, nullable: true })
  readonly batch!: number | null;
  @ApiProperty({ type: Number, nullable: true })
  readonly rows!: number | null;
  @ApiProperty({ type: String, nullable: true })
  readonly sha256!: string | null;
  @ApiProperty({ type: String, nullable: true })
  readonly content_hash!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Why this revision exists.' })
  readonly reason!: string | null;
  @ApiProperty()
  readonly attempt!: number;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the latest attempt failed or was stopped.',
  })
  readonly error!: string | null;
}

export class PartitionListDto {
  @ApiProperty({ type: [PartitionRowDto] })
  readonly partitions!: readonly PartitionRowDto[];
}
