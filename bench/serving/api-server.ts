import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { createApp } from '../../api/create-app';
import type { ApiPorts, PredictionLogPort, PredictionStore, ServingVersion } from '../../api/ports';
import { PredictionLog } from '../../api/predict/prediction-log';
import { filePredictionSpool } from '../../api/predict/prediction-spool';
import { insertPredictions } from '../../packages/application/api-application';
import { openLazyTemporal } from '../../packages/application/backfills/temporal-runs';
import { openDatabase } from '../../packages/database/open-database';
import { featureSet } from '../../packages/features/feature-set';
import { openRedisForServing } from '../../packages/online-store/open-redis';
import { OnlineReader } from '../../packages/online-store/serving/online-reader';
import { INSTALLATION, probability } from './bench-vectors';

export interface ApiUnderTest {
  readonly port: number;
  readonly log: Pick<PredictionLogPort, 'pending' | 'dropped'>;
}

const refuse = () => Promise.reject(new Error('this benchmark asks for predictions only'));

/** The ports behind the routes that nobody asks here. */
const notMeasured: Pick<ApiPorts, 'backfills' | 'partitions' | 'models' | 'atRisk' | 'drift'> = {
  backfills: {
    start: refuse,
    plan: refuse,
    progress: refuse,
    pause: refuse,
    resume: refuse,
    cancel: refuse,
  },
  partitions: { list: refuse },
  models: { list: refuse, show: refuse, promote: refuse, rollback: refuse },
  atRisk: { list: refuse },
  drift: { read: refuse },
};

const model: ServingVersion = {
  version: 'v001',
  schemaHash: featureSet.schemaHash,
  metadata: {},
  predict: probability,
  explain: (features) => ({
    probability: probability(features),
    logit: 0,
    intercept: 0,
    contributions: [],
  }),
};

/**
 * The API on the benchmark's vectors and model. With a database it logs its predictions there, as it
 * does in production. Its probe of Temporal uses the client of production, which is what made every
 * request dearer once; whether a Temporal answers does not matter.
 */
export async function serveApi(redisUrl: string, databaseUrl?: string): Promise<ApiUnderTest> {
  const redis = openRedisForServing(redisUrl);
  await once(redis, 'ready');
  const logger = pino({ level: 'silent' });
  const database = databaseUrl ? openDatabase(databaseUrl) : undefined;
  const predictionLog = openPredictionLog(logger, async (rows) => {
    if (database) await insertPredictions({ database }, rows);
  });
  const temporal = openLazyTemporal({ address: '127.0.0.1:1', namespace: 'default' });
  const ports: ApiPorts = {
    ...notMeasured,
    featureSchema: featureSet,
    servingModel: { current: () => model, refresh: async () => {} },
    onlineFeatures: new OnlineReader({
      redis,
      installationId: async () => INSTALLATION,
      schema: featureSet,
    }),
    predictionLog,
    probes: {
      redis: async () => void (await redis.ping()),
      postgres: async () => void (database && (await database.sql`select 1`)),
      temporal: async () => void (await temporal.client()),
    },
  };
  const app = await createApp(ports, {
    allowedHosts: [],
    staleAfterHours: 48,
    logger,
    now: () => BigInt(Date.now()) * 1000n,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { port, log: predictionLog };
}

function openPredictionLog(
  logger: Logger,
  insertPredictions: PredictionStore['insertPredictions'],
): PredictionLog {
  const logsDir = path.join(tmpdir(), 'churn-bench-predict');
  const spool = filePredictionSpool({ logsDir, diskPercent: 100, logger });
  const predictionLog = new PredictionLog({ store: { insertPredictions }, spool, logger });
  predictionLog.start();
  return predictionLog;
}
