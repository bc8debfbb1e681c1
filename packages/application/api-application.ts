import { createBoundedQueue } from '../bounded-tasks';
import type { Config } from '../config';
import { ChurnError, type LoggedPrediction } from '../contracts';
import { asDatabaseError } from '../database';
import { readDirectoryInstallation } from '../local-services';
import { asRedisError, OnlineReader, openRedisForServing } from '../online-store';
import { atRiskSteps, createAtRiskLists } from './at-risk-list';
import { readDrift } from './drift/drift-services';
import {
  listModelVersions,
  loadModel,
  promote,
  publishedChampion,
  publishModels,
  rollback,
  showModelVersion,
} from './models/model-services';
import { openAdapters, type Adapters, type ApplicationOptions } from './open/open-adapters';
import { overAdapters } from './open/over-adapters';
import { listPartitionRows } from './partitions/list-partition-rows';
import { createBackfillRuns, openLazyTemporal, type LazyTemporal } from './backfills/temporal-runs';

/** How many reads of Parquet files may wait for one another. */
const READS_WAITING_MAX = 32;

/** What the API is given (api/ports.ts); nothing in it connects before it is used. */
export async function openApiApplication(config: Config, options: ApplicationOptions = {}) {
  const adapters = await openAdapters(config, options);
  const temporal = openLazyTemporal({
    address: adapters.connections.temporalAddress,
    namespace: config.temporal.namespace,
    security: config.temporal.security,
  });
  const serving = openRedisForServing(adapters.connections.redisUrl);
  const onlineFeatures = new OnlineReader({
    redis: serving,
    // Not from Postgres, which may be down.
    installationId: () => readDirectoryInstallation(adapters.paths),
    schema: adapters.featureSet,
  });
  const over = overAdapters(adapters);
  // These read whole partitions, in the process that answers /predict.
  const inTurn = createBoundedQueue({
    waitingMax: READS_WAITING_MAX,
    full: () => new ChurnError('SERVER_BUSY', { what: 'stored partitions and drift logs' }),
  });
  return {
    featureSchema: adapters.featureSet,
    championRegistry: createChampionRegistry(adapters),
    onlineFeatures,
    predictionStore: {
      insertPredictions: over(insertPredictions),
    },
    backfills: createBackfillRuns(adapters, temporal),
    partitions: {
      list: over(listPartitionRows),
    },
    models: createModels(adapters),
    atRisk: { list: createAtRiskLists(atRiskSteps(adapters), inTurn) },
    drift: {
      read: (date: string | undefined, signal?: AbortSignal) =>
        inTurn(() => readDrift(adapters, date), signal),
    },
    probes: createProbes(adapters, temporal, () => serving.ping()),
    close: async () => {
      onlineFeatures.close();
      serving.disconnect();
      await temporal.close();
      await adapters.close();
    },
  };
}

function createChampionRegistry(adapters: Adapters) {
  return {
    champion: () => publishedChampion(adapters),
    publish: () => publishModels(adapters),
    load: async (version: string) => {
      const model = await loadModel(adapters, version);
      const metadata = await showModelVersion(adapters, version);
      return { ...model, metadata };
    },
  };
}

function createModels(adapters: Adapters) {
  const over = overAdapters(adapters);
  return {
    list: async () => {
      const { aliases, models } = await listModelVersions(adapters);
      return {
        aliases,
        models: models.toReversed(),
      };
    },
    show: over(showModelVersion),
    promote: over(promote),
    rollback: over(rollback),
  };
}

/** Keeps answered predictions; one whose id is there already is left alone. */
export async function insertPredictions(
  { database }: Pick<Adapters, 'database'>,
  rows: readonly LoggedPrediction[],
): Promise<void> {
  const { sql } = database;
  const values = rows.map((row) => ({
    prediction_id: row.predictionId,
    user_id: row.userId,
    model_version: row.modelVersion,
    feature_time: row.featureTime,
    known_at: row.knownAt,
    revision: row.revision,
    features: row.features,
    churn_probability: row.churnProbability,
    predicted_at: row.predictedAt,
  }));
  await sql`
    insert into ops.predictions
    select * from jsonb_populate_recordset(null::ops.predictions, ${sql.json(values as never)})
    on conflict (prediction_id) do nothing`.catch((error: unknown) => {
    throw asDatabaseError(error);
  });
}

function createProbes(
  adapters: Adapters,
  temporal: LazyTemporal,
  pingRedis: () => Promise<unknown>,
) {
  return {
    redis: async () => {
      await pingRedis().catch((error: unknown) => {
        throw asRedisError(error);
      });
    },
    postgres: async () => void (await adapters.database.sql`select 1`),
    temporal: async () => {
      const client = await temporal.client();
      await client.connection.workflowService.getSystemInfo({});
    },
  };
}
