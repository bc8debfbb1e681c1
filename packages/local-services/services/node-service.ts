import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { settingNames, type Config } from '../../config';
import { formerReadyFile, withDataLayout } from '../data-layout/earlier-release';
import { apiUrlOf, databaseUrlOf, redisUrlOf, temporalAddressOf } from '../connections';
import { repositoryRoot } from '../repository-root';
import { answeringWorkers } from '../processes/ready-workers';
import { apiNodeFlags } from './api-node-flags';
import type { ServiceRecipe, StackContext } from './service-recipe';

const TIMEOUT_MS = 2_000;

/** Polls task queues; says that it does by a file of its own in run/ready-workers, which it touches. */
export const workerRecipe: ServiceRecipe = {
  ...nodeService({
    name: 'worker',
    label: 'The worker',
    heapMegabytes: 1_024,
    portVariable: 'CHURN_WORKER_METRICS_PORT',
  }),
  portSetting: (config) => ({
    variable: 'CHURN_WORKER_METRICS_PORT',
    port: config.workerMetrics.port,
  }),
  prepare: ({ paths }) => rmSync(formerReadyFile(paths), { force: true }),
  isHealthy: async ({ paths, state }) =>
    answeringWorkers(paths).some(({ pid }) => pid === state.worker?.pid),
  publicUrl: ({ port }, config) => metricsUrlOf(config, port),
};

export const apiRecipe: ServiceRecipe = {
  ...nodeService({
    name: 'api',
    label: 'The API',
    heapMegabytes: 512,
    portVariable: 'CHURN_API_PORT',
    flags: apiNodeFlags(),
  }),
  portSetting: (config) => ({ variable: 'CHURN_API_PORT', port: config.api.port }),
  prepare: () => {},
  isHealthy: ({ config, state }) =>
    state.api ? isLive(apiUrlOf(config, state.api)) : Promise.resolve(false),
  publicUrl: (state, config) => apiUrlOf(config, state),
};

export function isBuilt(name: 'worker' | 'api'): boolean {
  return existsSync(entryPoint(name));
}

function nodeService(options: {
  name: 'worker' | 'api';
  label: string;
  heapMegabytes: number;
  portVariable: string;
  flags?: readonly string[];
}): Omit<ServiceRecipe, 'prepare' | 'isHealthy' | 'publicUrl'> {
  return {
    name: options.name,
    label: options.label,
    stopSignal: 'SIGTERM',
    stopDeadlineMs: 20_000,
    startDeadlineMs: 60_000,
    external: () => undefined,
    fingerprint: settingsFingerprint,
    command: (context, state) => ({
      command: process.execPath,
      args: [
        `--max-old-space-size=${options.heapMegabytes}`,
        ...(options.flags ?? []),
        entryPoint(options.name),
      ],
      env: { ...serviceSettings(context), [options.portVariable]: String(state.port) },
    }),
  };
}

const entryPoint = (name: string) => path.join(repositoryRoot(), 'dist', name, 'main.js');

/** Every setting as this process has it, with the embedded services' addresses filled in. */
function serviceSettings(context: StackContext): Record<string, string> {
  const { config, env, state } = context;
  const given = settingNames.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  return {
    ...Object.fromEntries(given),
    CHURN_DATA_DIR: config.dataDir,
    DATABASE_URL: databaseUrlOf(config, state) ?? '',
    REDIS_URL: redisUrlOf(config, state) ?? '',
    TEMPORAL_ADDRESS: temporalAddressOf(config, state) ?? '',
    TEMPORAL_NAMESPACE: config.temporal.namespace,
  };
}

/** A worker of other settings, of an older build, on another Node or of another layout is not the one asked for. */
export function settingsFingerprint(context: StackContext): string {
  const settings = serviceSettings(context);
  const build = readIfThere(path.join(repositoryRoot(), 'dist', '.build-stamp'));
  const hash = createHash('sha256').update(
    JSON.stringify([Object.entries(settings).sort(), build, process.execPath, process.version]),
  );
  return withDataLayout(hash.digest('hex'));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A host that means every address of the machine is reached on loopback. */
function metricsUrlOf({ workerMetrics: { host } }: Config, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/metrics`;
}

async function isLive(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return response.ok;
  } catch {
    return false;
  }
}
