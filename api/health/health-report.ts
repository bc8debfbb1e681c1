import { Inject, Injectable } from '@nestjs/common';
import { ChurnError, isChurnError, type ErrorCode } from '../../packages/contracts';
import { API_OPTIONS, API_PORTS, type ApiOptions } from '../api-options';
import { ageSeconds, createStalenessCheck } from '../feature-age';
import { requireServingModel } from '../models/require-serving-model';
import type { ApiPorts } from '../ports';
import { API_PROCESSES, type ApiProcesses } from '../processes/api-processes';
import { combinePredictionLogs } from './combine-prediction-logs';
import type { FeaturesHealthDto, HealthDto, ModelHealthDto, ServiceHealthDto } from './health.dto';

/** A part that does not answer in time is down. */
const PROBE_TIMEOUT_MS = 1_000;

/** The state of every part, gathered without ever failing itself. */
@Injectable()
export class HealthReport {
  private readonly isStale: (featureTime: string) => boolean;

  constructor(
    @Inject(API_PORTS) private readonly ports: ApiPorts,
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
    @Inject(API_PROCESSES) private readonly processes: ApiProcesses,
  ) {
    this.isStale = createStalenessCheck(options.staleAfterHours, options.now);
  }

  async read(): Promise<HealthDto> {
    const { probes } = this.ports;
    const [redis, postgres, temporal, features, api] = await Promise.all([
      probe(() => probes.redis(), 'REDIS_UNAVAILABLE'),
      probe(() => probes.postgres(), 'POSTGRES_UNAVAILABLE'),
      probe(() => probes.temporal(), 'TEMPORAL_UNAVAILABLE'),
      this.featuresHealth(),
      this.processes.health(),
    ]);
    const model = this.modelHealth();
    const { predictionLogs, ...processes } = api;
    const predictionLog = combinePredictionLogs(predictionLogs);
    const areAllUp = processes.serving === processes.processes;
    const services = [redis, postgres, temporal];
    const isOk =
      services.every(({ status }) => status === 'up') &&
      model.status === 'serving' &&
      model.code === undefined &&
      features.status === 'fresh' &&
      predictionLog.spool.status === 'up' &&
      areAllUp;
    return {
      status: isOk ? 'ok' : 'degraded',
      parts: {
        redis,
        postgres,
        temporal,
        model,
        features,
        prediction_log: predictionLog,
        api: { status: areAllUp ? 'up' : 'degraded', ...processes },
      },
    };
  }

  /**
   * @throws ChurnError why /predict can't answer: NO_MODEL, CORRUPT_MODEL, REDIS_UNAVAILABLE, REDIS_REFUSES_COMMANDS,
   *   REDIS_CLUSTER, INSTALLATION_MISMATCH, CORRUPT_ONLINE_KEY, CORRUPT_FILE, NO_FEATURES, SCHEMA_MISMATCH
   */
  async assertReady(): Promise<void> {
    const model = requireServingModel(this.ports.servingModel);
    await within(this.ports.probes.redis()).catch((error: unknown) => {
      throw isChurnError(error) ? error : new ChurnError('REDIS_UNAVAILABLE');
    });
    const meta = await this.ports.onlineFeatures.meta();
    if (!meta) throw new ChurnError('NO_FEATURES');
    if (meta.schema_hash !== model.schemaHash) {
      throw new ChurnError('SCHEMA_MISMATCH', {
        left: 'the online store',
        right: `model ${model.version}`,
      });
    }
  }

  private modelHealth(): ModelHealthDto {
    const { servingModel } = this.ports;
    const version = servingModel.current()?.version ?? null;
    const status = version === null ? 'none' : 'serving';
    const code = servingModel.problem?.code;
    return { status, version, ...(code && { code }) };
  }

  /** Freshness is the age of the data, not of the last job. */
  private async featuresHealth(): Promise<FeaturesHealthDto> {
    try {
      const meta = await within(this.ports.onlineFeatures.meta());
      if (!meta) return { status: 'none', code: 'NO_FEATURES' };
      const model = this.ports.servingModel.current();
      if (model && meta.schema_hash !== model.schemaHash) {
        return { status: 'unusable', code: 'SCHEMA_MISMATCH' };
      }
      return {
        status: this.isStale(meta.feature_time) ? 'stale' : 'fresh',
        feature_time: meta.feature_time,
        age_seconds: ageSeconds(meta.feature_time, this.options.now()),
        revision: meta.revision,
        users: meta.users,
        published_at: meta.published_at,
      };
    } catch (error) {
      const code = isChurnError(error) ? error.code : 'REDIS_UNAVAILABLE';
      return { status: code === 'REDIS_UNAVAILABLE' ? 'unknown' : 'unusable', code };
    }
  }
}

/** `code`: of a service that does not answer in time, or with an error of its driver. */
async function probe(ask: () => Promise<void>, code: ErrorCode): Promise<ServiceHealthDto> {
  try {
    await within(ask());
    return { status: 'up' };
  } catch (error) {
    return { status: 'down', code: isChurnError(error) ? error.code : code };
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PROBE_TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
