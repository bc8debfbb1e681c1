import { ShutdownSignal } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { EpochMicros } from '../packages/instants';
import { ChampionWatcher } from './champion-watcher';
import { createApp } from './create-app';
import type { ApiApplication } from './ports';
import { PredictionLog } from './predict/prediction-log';
import { filePredictionSpool } from './predict/prediction-spool';

export interface StartApiOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where predictions are spooled that a shutdown could not log. */
  readonly logsDir: string;
  readonly staleAfterHours: number;
  readonly logger: Logger;
  readonly now: () => EpochMicros;
  /** As in ApiOptions. */
  readonly processMetrics?: Registry;
  readonly predictionLog?: { readonly intervalMs?: number; readonly closeTimeoutMs?: number };
}

export interface RunningApi {
  readonly app: NestFastifyApplication;
  readonly url: string;
}

/**
 * Starts serving on what the platform opened. SIGTERM, SIGINT and SIGHUP, or `app.close()`, let requests
 * finish, then write or spool the prediction log, then close the platform.
 */
export async function startApi(
  application: ApiApplication,
  options: StartApiOptions,
): Promise<RunningApi> {
  const { logger, host, port, logsDir } = options;
  const { championRegistry, predictionStore, ...ports } = application;
  const servingModel = new ChampionWatcher({ registry: championRegistry, logger });
  const predictionLog = new PredictionLog({
    store: predictionStore,
    spool: filePredictionSpool({ logsDir, logger }),
    logger,
    ...options.predictionLog,
  });
  const app = await createApp(
    { ...ports, servingModel, predictionLog },
    {
      allowedHosts: [host],
      staleAfterHours: options.staleAfterHours,
      logger,
      now: options.now,
      processMetrics: options.processMetrics,
      onShutdown: async () => {
        servingModel.stop();
        await predictionLog.close();
        await application.close();
      },
    },
  );
  const { SIGTERM, SIGINT, SIGHUP } = ShutdownSignal;
  app.enableShutdownHooks([SIGTERM, SIGINT, SIGHUP]);
  await servingModel.start();
  predictionLog.start();
  await app.listen(port, host);
  return { app, url: await app.getUrl() };
}
