import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { logEntries } from './worker-log';
import { histogramBuckets } from './worker-metrics';

export interface RuntimeOptions {
  readonly log: Logger;
  /** Where GET /metrics is served. */
  readonly metrics: { readonly host: string; readonly port: number };
}

/**
 * Temporal's runtime of this process: it leaves signals alone, writes to the log, and serves its own
 * metrics and those made with its meter.
 */
export function installRuntime({ log, metrics: { host, port } }: RuntimeOptions): Runtime {
  const isSilent = log.level === 'silent';
  const level = log.isLevelEnabled('debug') ? 'DEBUG' : 'INFO';
  return Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger(isSilent ? 'ERROR' : level, isSilent ? () => {} : logEntries(log)),
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      metrics: {
        prometheus: {
          bindAddress: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
          useSecondsForDurations: true,
          histogramBucketOverrides: histogramBuckets,
        },
      },
    },
  });
}
