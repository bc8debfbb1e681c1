import { randomUUID } from 'node:crypto';
import { loadConfig } from '../../packages/config/load-config';
import type { BackfillRequest, PartitionOutcome } from '../../packages/contracts/runs';
import type { Progress } from '../../packages/contracts/pipeline-ports';
import { openApplication, type Application } from '../../packages/application/application';
import { datesOfChunk } from '../../packages/orchestration/plan-chunks';
import type { ApplicationObserver } from '../../packages/application/open/application-observer';
import { createScratchDirectory } from '../environment/scratch-directory';
import { createTestDatabase } from '../environment/test-database';
import { createTestRedis } from '../environment/test-redis';

/** One installation on a fresh database, an empty Redis and an empty data folder; no stack. */
export interface TestApplication extends Application {
  readonly dataDir: string;
  /** The settings that lead a command line, or another process, to the same installation. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/** Work that reports to nobody and is never stopped. */
export const quietly: Progress = { report: () => {}, signal: new AbortController().signal };

/**
 * Installations of one test file share one Redis database, which each opening empties: only the
 * last one opened may use it.
 */
export async function openTestApplication(
  options: {
    temporalAddress?: string;
    /** Further settings, which may lie below the installation's data directory. */
    settings?: (dataDir: string) => Readonly<Record<string, string>>;
    observer?: ApplicationObserver;
  } = {},
): Promise<TestApplication> {
  const database = await createTestDatabase();
  const { redis, url: redisUrl } = await createTestRedis();
  const scratch = createScratchDirectory();
  const env = {
    CHURN_DATA_DIR: scratch.path,
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    TEMPORAL_ADDRESS: options.temporalAddress ?? process.env.TEST_TEMPORAL_ADDRESS!,
    // A second thread of DuckDB spins for want of work on data as small as this.
    CHURN_DUCKDB_THREADS: '1',
    ...options.settings?.(scratch.path),
  };
  const application = await openApplication(loadConfig(env), { observer: options.observer });
  return {
    ...application,
    dataDir: scratch.path,
    env,
    remove: async () => {
      await application.close();
      redis.disconnect();
      await database.drop();
      scratch.remove();
    },
  };
}

/**
 * What the backfill workflow does between its two ends: plans, computes chunk by chunk, in the
 * given order of chunks, and expects every date to succeed.
 */
export async function backfill(
  { pipelinePorts }: Pick<Application, 'pipelinePorts'>,
  request: Partial<BackfillRequest> & Pick<BackfillRequest, 'from' | 'to'>,
  inOrder: (dates: string[][]) => string[][] = (dates) => dates,
): Promise<PartitionOutcome[]> {
  const runId = `test-${randomUUID()}`;
  const { chunks, knowledge } = await pipelinePorts.planBackfill({
    id: runId,
    request: { reprocess: 'missing', knownAt: 'latest', train: false, ...request },
  });
  const outcomes: PartitionOutcome[] = [];
  for (const dates of inOrder(chunks.map(datesOfChunk))) {
    const chunk = { runId, dates, knowledge, reason: 'backfill' };
    outcomes.push(...(await pipelinePorts.computeChunk(chunk, quietly)));
  }
  const failed = outcomes.filter(({ status }) => status !== 'succeeded');
  if (failed.length > 0) throw new Error(`failed: ${JSON.stringify(failed.slice(0, 3))}`);
  return outcomes;
}
