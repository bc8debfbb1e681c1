import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { NativeConnection } from '@temporalio/worker';
import { dataPaths, loadConfig, type Config, type TemporalSecurity } from '../packages/config';
import { ChurnError } from '../packages/contracts';
import { findMissingRuns } from '../activities';
import { openApplication, type Application } from '../packages/application';
import { formatInstant } from '../packages/instants';
import { processIdentity } from '../packages/durable-files';
import {
  choosePort,
  DATA_LAYOUT,
  logRefusedSettings,
  readyWorkerFile,
  removeDeadWorkers,
  resolveConnections,
  workerConnectionError,
} from '../packages/local-services';
import { rawTableNames } from '../packages/raw-data';
import { workflowBundlePath } from './bundle-workflows';
import { createWorkers } from './create-workers';
import { describeEnd } from './describe-end';
import { installRuntime } from './install-runtime';
import { observePorts } from './observe-ports';
import { observeSteps } from './observe-steps';
import { createReadyFile } from './ready-file';
import { runWorkers } from './run-workers';
import { watchPlatform, type WatchedPlatform } from './watch-platform';
import { createWorkerLog } from './worker-log';
import { createWorkerMetrics } from './worker-metrics';

/** The worker process: polls the task queues until SIGTERM or SIGINT, then drains and exits 0. */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const stop = stopSignal();
  const log = createWorkerLog(config.logLevel);
  const metricsAddress = await metricsAddressOf(config);
  const runtime = installRuntime({ log, metrics: metricsAddress });
  const metrics = createWorkerMetrics(runtime.metricMeter, rawTableNames);
  const codePath = builtWorkflowBundle();
  const application = await openApplication(config, { observer: metrics });
  const paths = dataPaths(config.dataDir);
  removeDeadWorkers(paths);
  const { pid } = process;
  const readyFile = createReadyFile(readyWorkerFile(paths, pid), {
    pid,
    identity: processIdentity(pid) ?? null,
    data_layout: DATA_LAYOUT,
  });
  const temporal = {
    address: resolveConnections(config).temporalAddress,
    security: config.temporal.security,
  };
  const connection = await connectNatively(temporal);
  try {
    const workers = await createWorkers({
      connection,
      namespace: config.temporal.namespace,
      ports: observePorts(application.pipelinePorts, metrics),
      workflowBundle: { codePath },
      buildId: buildIdOf(codePath),
      options: { interceptors: { activity: [observeSteps(metrics)] } },
    });
    const onRunning = () => {
      readyFile.write();
      log.info({ pid, metrics: metricsAddress }, 'worker ready');
      void logRefusedSettings(config, log);
    };
    const watching = watchPlatform(platformOf(application), metrics, stop);
    await runWorkers({ workers, stop, onRunning });
    await watching;
    log.info({ pid }, 'worker stopped');
  } finally {
    readyFile.remove();
    await connection.close();
    await application.close();
  }
}

function platformOf({ adapters, pipelinePorts, temporal }: Application): WatchedPlatform {
  return {
    servers: {
      postgres: () => adapters.database.sql`select 1`,
      redis: () => adapters.redis.ping(),
      temporal: async () => (await temporal.connection()).workflowService.getSystemInfo({}),
    },
    missingRuns: async () => {
      const now = formatInstant(adapters.now());
      return findMissingRuns(pipelinePorts, await temporal.client(), now);
    },
  };
}

/** @throws ChurnError TEMPORAL_UNAVAILABLE, INVALID_SETTING */
async function connectNatively(temporal: {
  address: string;
  security: TemporalSecurity;
}): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ address: temporal.address, ...temporal.security });
  } catch (error) {
    throw await workerConnectionError(temporal, error);
  }
}

/** The one owner of the process's signals: Temporal's runtime is told to leave them alone. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => controller.abort());
  }
  return controller.signal;
}

async function metricsAddressOf({ workerMetrics: { host, port } }: Config) {
  const setting = { variable: 'CHURN_WORKER_METRICS_PORT', port };
  return { host, port: await choosePort({ service: "The worker's metrics", setting }) };
}

/** Workflows that differ from the built ones would not replay: never bundled on the fly. */
function builtWorkflowBundle(): string {
  const codePath = workflowBundlePath();
  if (existsSync(codePath)) return codePath;
  throw new ChurnError('SERVICE_FAILED_TO_START', {
    service: 'The worker',
    problem: 'dist/workflow-bundle.js is missing; run `npm run build`',
    log: 'this one',
  });
}

/** The workflows are what a build must not change without care: their bundle names it. */
function buildIdOf(codePath: string): string {
  return createHash('sha256').update(readFileSync(codePath)).digest('hex').slice(0, 12);
}

main().catch((error: unknown) => {
  process.stderr.write(`${describeEnd(error)}\n`);
  process.exit(1);
});
