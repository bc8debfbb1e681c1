import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { loadConfig, type Config } from '../../packages/config/load-config';
import type { Progress } from '../../packages/contracts/pipeline-ports';
import { openApplication, type Application } from '../../packages/application/application';
import type { ServiceName } from '../../packages/local-services/service-names';
import { startStack } from '../../packages/local-services/start-stack';
import { stopStack } from '../../packages/local-services/stop-stack';

export const quietly: Progress = { report: () => {}, signal: new AbortController().signal };

/** DuckDB threads of the platform and of every peer: the budgets are for two cores. */
export const THREADS = 2;

/** The settings of a bench installation; what is not started is never connected to. */
function benchSettings(dataDir: string, services: readonly ServiceName[]): Record<string, string> {
  return {
    CHURN_DATA_DIR: dataDir,
    CHURN_DUCKDB_THREADS: String(THREADS),
    ...(services.includes('temporal') ? {} : { TEMPORAL_ADDRESS: '127.0.0.1:1' }),
    ...(services.includes('worker') ? { CHURN_IMPORT_DIR: `${dataDir}-imports` } : {}),
    ...(services.includes('redis') ? {} : { REDIS_URL: 'redis://127.0.0.1:1' }),
  };
}

export function benchConfig(dataDir: string, services: readonly ServiceName[]): Config {
  return loadConfig(benchSettings(dataDir, services));
}

/**
 * An empty installation with services of its own below `scratch`; stopped and removed afterwards.
 * Postgres waits for the disk, as in production.
 */
export async function withInstallation<T>(
  { scratch, services }: { scratch: string; services: readonly ServiceName[] },
  work: (application: Application) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(path.join(scratch, 'installation-'));
  const config = benchConfig(dataDir, services);
  let application: Application | undefined;
  try {
    const env = { ...process.env, ...benchSettings(dataDir, services) };
    await startStack({ config, services, env });
    application = await openApplication(config);
    return await work(application);
  } finally {
    await application?.close();
    await stopStack({ config });
    await rm(dataDir, { recursive: true, force: true });
  }
}
