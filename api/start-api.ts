import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ShutdownSignal } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { EpochMicros } from '../packages/instants';
import { ChampionWatcher } from './champion-watcher';
import { createApp } from './create-app';
import type { ConnectionLimits } from './http/connection-limits';
import type { ApiApplication } from './ports';
import type { ApiOptions } from './api-options';
import { PredictionLog } from './predict/prediction-log';
import { filePredictionSpool } from './predict/prediction-spool';

export interface StartApiOptions {
  /** Of `localhost` only one address is listened on, that of IPv4 where it has one. */
  readonly host: string;
  /** Names the service is reached by, besides `host` and the loopback names. */
  readonly allowedHosts: readonly string[];
  /** 0: any free port. */
  readonly port: number;
  /** Where predictions are kept in files while the database is down. */
  readonly logsDir: string;
  /** As in PredictionSpoolOptions. */
  readonly spoolDiskPercent: number;
  readonly staleAfterHours: number;
  readonly logger: Logger;
  readonly now: () => EpochMicros;
  /** As in ApiOptions. */
  readonly processMetrics?: Registry;
  readonly predictionLog?: { readonly intervalMs?: number; readonly insertTimeoutMs?: number };
  readonly drainMs?: number;
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** As in ApiOptions. */
  readonly joinProcesses?: ApiOptions['joinProcesses'];
  /** Awaited once everything is open, before the port is. */
  readonly beforeListen?: () => Promise<void>;
}

export interface RunningApi {
  readonly app: NestFastifyApplication;
  readonly url: string;
}

/** How long the connections to the servers may take to close. */
const APPLICATION_CLOSE_MS = 1_000;

/**
 * Starts serving on what the platform opened. SIGTERM, SIGINT and SIGHUP, or `app.close()`, let requests
 * finish for as long as `drainMs`, then write or spool what is left of the prediction log, then
 * close the platform: all within eight seconds, whatever clients and servers do.
 */
export async function startApi(
  application: ApiApplication,
  options: StartApiOptions,
): Promise<RunningApi> {
  const { logger, host, port, logsDir, spoolDiskPercent: diskPercent } = options;
  const { championRegistry, predictionStore, ...ports } = application;
  const servingModel = new ChampionWatcher({ registry: championRegistry, logger });
  const predictionLog = new PredictionLog({
    store: predictionStore,
    spool: filePredictionSpool({ logsDir, diskPercent, logger }),
    logger,
    ...options.predictionLog,
  });
  const app = await createApp(
    { ...ports, servingModel, predictionLog },
    {
      allowedHosts: [host, ...options.allowedHosts],
      staleAfterHours: options.staleAfterHours,
      logger,
      now: options.now,
      processMetrics: options.processMetrics,
      drainMs: options.drainMs,
      connectionLimits: options.connectionLimits,
      joinProcesses: options.joinProcesses,
      onShutdown: async () => {
        servingModel.stop();
        await predictionLog.close();
        await Promise.race([
          application.close(),
          delay(APPLICATION_CLOSE_MS, undefined, { ref: false }),
        ]);
      },
    },
  );
  const { SIGTERM, SIGINT, SIGHUP } = ShutdownSignal;
  app.enableShutdownHooks([SIGTERM, SIGINT, SIGHUP]);
  await servingModel.start();
  predictionLog.start();
  await options.beforeListen?.();
  await app.listen(port, await addressOf(host));
  return { app, url: await app.getUrl() };
}

/**
 * Of `localhost` one address: for each of the others Fastify starts a server that it does not wait for
 * at the end, so that predictions would be answered which the log does not take any more.
 */
async function addressOf(host: string): Promise<string> {
  if (host !== 'localhost') return host;
  return (await lookup(host, { order: 'ipv4first' })).address;
}
