import { Controller, Get, Inject, Query, UsePipes } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { requireDateRange } from '../../packages/orchestration';
import { API_PORTS } from '../api-options';
import { portProblems } from '../port-problems';
import type { ApiPorts } from '../ports';
import { ApiProblems } from '../http/problem.dto';
import { createValidationPipe } from '../http/validation';
import { PartitionListDto, PartitionQueryDto } from './partitions.dto';

@ApiTags('partitions')
@Controller('partitions')
@UsePipes(createValidationPipe())
export class PartitionsController {
  constructor(@Inject(API_PORTS) private readonly ports: ApiPorts) {}

  @Get()
  @ApiOperation({ summary: 'The partition calendar: status, revision and knowledge of each day' })
  @ApiOkResponse({ type: PartitionListDto })
  @ApiProblems('INVALID_REQUEST', 'INVALID_DATE_RANGE', ...portProblems.partitions.list)
  async list(@Query() { from, to }: PartitionQueryDto): Promise<PartitionListDto> {
    requireDateRange({ from, to });
    return { partitions: await this.ports.partitions.list({ from, to }) };
  }
}
