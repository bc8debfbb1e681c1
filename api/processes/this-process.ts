import { Inject, Injectable } from '@nestjs/common';
import { ApiMetrics } from '../api-metrics';
import { API_OPTIONS, API_PORTS, type ApiOptions } from '../api-options';
import type { ApiPorts } from '../ports';
import type { ServingProcess, PredictionLogState, ProcessesHealth } from './api-processes';
import type { MetricsSnapshot } from './summed-metrics';

/** This process: the only one, or one of several. */
@Injectable()
export class ThisProcess implements ServingProcess {
  constructor(
    @Inject(API_PORTS) private readonly ports: ApiPorts,
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
    @Inject(ApiMetrics) private readonly apiMetrics: ApiMetrics,
  ) {}

  async health(): Promise<ProcessesHealth> {
    const predictionLogs = [this.predictionLogState()];
    return { processes: 1, serving: 1, restarts: 0, predictionLogs };
  }

  async metrics(): Promise<string> {
    const texts = await Promise.all(this.registries().map((registry) => registry.metrics()));
    return texts.join('\n');
  }

  async refreshModel(): Promise<void> {
    await this.ports.servingModel.refresh();
  }

  async metricsSnapshot(): Promise<MetricsSnapshot> {
    const snapshots = this.registries().map((registry) => registry.getMetricsAsJSON());
    return (await Promise.all(snapshots)).flat();
  }

  predictionLogState(): PredictionLogState {
    const { status, pending, spooled, dropped, spoolProblem } = this.ports.predictionLog;
    const spool = spoolProblem
      ? ({ status: 'down', code: spoolProblem.code } as const)
      : ({ status: 'up' } as const);
    return { status, pending, spooled, dropped, spool };
  }

  private registries() {
    const { processMetrics } = this.options;
    return [this.apiMetrics.registry, ...(processMetrics ? [processMetrics] : [])];
  }
}
