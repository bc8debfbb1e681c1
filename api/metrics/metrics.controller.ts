import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/problem.dto';
import { ApiMetrics } from '../api-metrics';
import { API_OPTIONS, type ApiOptions } from '../api-options';

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: ApiMetrics,
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
  ) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Prometheus metrics of this process' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiProblems()
  async read(): Promise<string> {
    const { processMetrics } = this.options;
    const registries = [this.metrics.registry, ...(processMetrics ? [processMetrics] : [])];
    const texts = await Promise.all(registries.map((registry) => registry.metrics()));
    return texts.join('\n');
  }
}
