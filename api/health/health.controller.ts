import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { portProblems } from '../port-problems';
import { noServingModel } from '../models/require-serving-model';
import { ApiProblems } from '../http/problem.dto';
import { AliveDto, HealthDto } from './health.dto';
import { HealthReport } from './health-report';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly report: HealthReport) {}

  @Get()
  @ApiOperation({ summary: 'The state of every part; always 200' })
  @ApiOkResponse({ type: HealthDto })
  @ApiProblems()
  read(): Promise<HealthDto> {
    return this.report.read();
  }

  @Get('live')
  @ApiOperation({ summary: 'The process runs' })
  @ApiOkResponse({ type: AliveDto })
  @ApiProblems()
  live(): AliveDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: '/predict can answer; 503 says why not' })
  @ApiOkResponse({ type: AliveDto })
  @ApiProblems(...noServingModel, 'NO_FEATURES', ...portProblems.onlineFeatures.meta)
  async ready(): Promise<AliveDto> {
    await this.report.assertReady();
    return { status: 'ok' };
  }
}
