import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { ApiMetrics } from './api-metrics';
import { API_OPTIONS, API_PORTS, type ApiOptions } from './api-options';
import { BackfillsController } from './backfills/backfills.controller';
import { DriftController } from './drift/drift.controller';
import { HealthController } from './health/health.controller';
import { HealthReport } from './health/health-report';
import { HomeController } from './home/home.controller';
import { MetricsController } from './metrics/metrics.controller';
import { ModelsController } from './models/models.controller';
import { PartitionsController } from './partitions/partitions.controller';
import type { ApiPorts } from './ports';
import { PredictController } from './predict/predict.controller';
import { Predictor } from './predict/predictor';
import { API_PROCESSES } from './processes/api-processes';
import { ThisProcess } from './processes/this-process';
import { UsersController } from './users/users.controller';

@Module({})
export class ApiModule implements OnApplicationShutdown {
  constructor(@Inject(API_OPTIONS) private readonly options: ApiOptions) {}

  async onApplicationShutdown(): Promise<void> {
    await this.options.onShutdown?.();
  }

  static with(ports: ApiPorts, options: ApiOptions): DynamicModule {
    return {
      module: ApiModule,
      controllers: [
        HomeController,
        PredictController,
        UsersController,
        HealthController,
        ModelsController,
        BackfillsController,
        PartitionsController,
        DriftController,
        MetricsController,
      ],
      providers: [
        { provide: API_PORTS, useValue: ports },
        { provide: API_OPTIONS, useValue: options },
        { provide: ApiMetrics, useValue: new ApiMetrics(ports, options.now) },
        ThisProcess,
        {
          provide: API_PROCESSES,
          inject: [ThisProcess],
          useFactory: (own: ThisProcess) => options.joinProcesses?.(own) ?? own,
        },
        Predictor,
        HealthReport,
      ],
    };
  }
}
