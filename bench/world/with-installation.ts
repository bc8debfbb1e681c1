import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { loadConfig } from '../../packages/config/load-config';
import type { Progress } from '../../packages/contracts/pipeline-ports';
import { openApplication, type Application } from '../../packages/application/application';
import type { ServiceName } from '../../packages/local-services/service-names';
import { startStack } from '../../packages/local-services/start-stack';
import { stopStack } from '../../packages/local-services/stop-stack';

export const quietly: Progress = { report: () => {}, signal: new AbortController().signal };

/** DuckDB threads of the platform and of every peer: the budgets are for two cores. */
export const THREADS = 2;

/** The settings of a bench installation; what is not started is never connected to. */
export function benchConfig(dataDir: string, services: readonly ServiceName[]) {
  return loadConfig({
    CHURN_DATA_DIR: dataDir,
    CHURN_DUCKDB_THREADS: String(THREADS),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    ...(services.includes('redis') ? {} : { REDIS_URL: 'redis://127.0.0.1:1' }),
  });
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
    await startStack({ config, services });
    application = await openApplication(config);
    return await work(application);
  } finally {
    await application?.close();
    await stopStack({ config });
    await rm(dataDir, { recursive: true, force: true });
  }
}
