import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/problem.dto';
import { API_PROCESSES, type ApiProcesses } from '../processes/api-processes';

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(API_PROCESSES) private readonly processes: ApiProcesses) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Prometheus metrics of the API, of all its processes together' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiProblems()
  read(): Promise<string> {
    return this.processes.metrics();
  }
}
