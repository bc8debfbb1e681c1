import { Controller, Get, Inject, Query, Res, UsePipes } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { ChurnError } from '../../packages/contracts';
import { API_PORTS } from '../api-options';
import { portProblems } from '../port-problems';
import type { ApiPorts, JsonDocument } from '../ports';
import { signalOfClient } from '../http/client-signal';
import { ApiProblems } from '../http/problem.dto';
import { createValidationPipe, IsLogicalDate } from '../http/validation';

export class DriftQueryDto {
  @ApiPropertyOptional({
    format: 'date',
    description: 'Absent: that of the newest partition.',
    example: '2026-03-31',
  })
  @IsOptional()
  @IsLogicalDate()
  readonly date?: string;
}

@ApiTags('drift')
@Controller('drift')
@UsePipes(createValidationPipe())
export class DriftController {
  constructor(@Inject(API_PORTS) private readonly ports: ApiPorts) {}

  @Get()
  @ApiOperation({ summary: 'The drift log of a day' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  @ApiProblems('INVALID_REQUEST', 'DRIFT_NOT_FOUND', ...portProblems.drift.read)
  async read(
    @Query() { date }: DriftQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonDocument> {
    const report = await this.ports.drift.read(date, signalOfClient(reply));
    if (!report) throw new ChurnError('DRIFT_NOT_FOUND', { date: date ?? 'the newest partition' });
    return report;
  }
}
