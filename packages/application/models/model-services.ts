import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError, type FeatureValues, type Progress, type TrainSummary } from '../../contracts';
import type { FeatureSet, FeatureWording } from '../../features';
import { dateOf, formatInstant, midnightOf, parseInstant, type LogicalDate } from '../../instants';
import {
  createEligibilityCheck,
  findChampion,
  lastUsableDay,
  listModels,
  loadServingModel,
  promoteModel,
  publishRegistry,
  readAliases,
  readPublishedAliases,
  rollbackModel,
  selectTrainingPartitions,
  showModel,
  trainModel,
  type ChampionChange,
  type ChampionMoveRequest,
  type Contribution,
  type EligibilityAnswer,
  type ServingModel,
  type TrainedVersion,
} from '../../modeling';
import { readDirectoryInstallation } from '../../local-services';
import { readServedVector } from '../../online-store';
import { takeKnowledge } from '../../raw-data';
import { loadWaitOf } from '../load-wait-of';
import type { Adapters } from '../open/open-adapters';
import { publishedPartitions } from '../partitions/partition-services';
import { readCodeVersion } from './code-version';
import { createModelEventLog } from './model-event-log';
import { servedFeatures } from './served-features';

/** Of the sample of training rows that a version keeps; fixed, so that the sample is reproducible. */
const SAMPLE_SEED = 20_240_101;

/**
 * Trains as of a day, by default the latest day that is known: on features as they were served,
 * with the labels of the stored partitions. A day of which nothing was known then has the features
 * of its partition.
 */
export async function train(
  adapters: Adapters,
  { asOf }: { asOf?: LogicalDate },
  progress: Progress,
): Promise<TrainedVersion> {
  const { featureSet: schema, paths } = adapters;
  const day = await trainingDay(adapters, asOf, progress);
  const published = await publishedPartitions(adapters);
  const days = selectTrainingPartitions({ partitions: published, schema, asOf: day });
  const lastDay = lastUsableDay(day);
  const partitions = published.filter(({ manifest }) => manifest.date <= lastDay);
  const folder = path.join(paths.scratch, `as-served-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  let done = 0;
  try {
    return await trainModel({
      partitions,
      servedFeatures: await servedFeatures(adapters, { partitions: days, folder }, progress),
      schema,
      openDuckDb: () => adapters.openDuckDb(),
      modelsDir: paths.models,
      asOf: day,
      createdAt: adapters.now(),
      codeVersion: await readCodeVersion(),
      seed: SAMPLE_SEED,
      eventLog: createModelEventLog(adapters),
      signal: progress.signal,
      onProgress: ({ stage, date }) => {
        if (date) done += 1;
        progress.report({ what: `training: ${stage}`, done, total: days.length });
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The step `train_model`: trains as of the run's day. */
export async function trainModelAsOf(
  adapters: Adapters,
  request: { asOf: LogicalDate },
  progress: Progress,
): Promise<TrainSummary> {
  const { version, isNew, metadata } = await train(adapters, request, progress);
  const { promoted, reason } = metadata.promotion;
  return { version, isNew, promoted, reason };
}

/** By default the latest day that is known and complete; a day in the future has no labels yet. */
async function trainingDay(
  { database }: Adapters,
  asOf: LogicalDate | undefined,
  progress: Progress,
): Promise<LogicalDate> {
  const { at, batch, completeThrough } = await takeKnowledge(database, {
    waitMillis: null,
    waiting: loadWaitOf(progress),
  });
  if (batch === 0) throw new ChurnError('NO_DATA');
  const known = parseInstant(at);
  if (asOf !== undefined && midnightOf(asOf) > known) {
    const problem = `--as-of lies in the future; the latest moment known is ${at}`;
    throw new ChurnError('INVALID_REQUEST', { problem });
  }
  const complete = completeThrough === null ? known : parseInstant(completeThrough);
  return asOf ?? dateOf(known < complete ? known : complete);
}

/**
 * The champion that is in force, for work that needs Postgres anyway: what a crash left unpublished
 * is published first. Null where there is none, or where its folder was lost.
 */
export async function championVersion(adapters: Adapters): Promise<string | null> {
  await publishModels(adapters);
  return findChampion(adapters.paths.models);
}

/** The published champion, and the number of the event that it is published with. */
export async function publishedChampion({
  paths,
}: Pick<Adapters, 'paths'>): Promise<{ version: string | null; event: number }> {
  const { aliases, event } = await readPublishedAliases(paths.models);
  return { version: aliases.champion, event };
}

/** Publishes the changes that Postgres has and the data directory does not have yet. */
export function publishModels(adapters: Adapters): Promise<void> {
  return publishRegistry(registryOf(adapters));
}

export function loadModel(
  adapters: Pick<Adapters, 'paths' | 'featureSet'>,
  version?: string,
): Promise<ServingModel> {
  const { paths, featureSet } = adapters;
  return loadServingModel({
    modelsDir: paths.models,
    schemaHash: featureSet.schemaHash,
    wording: wordingOf(featureSet),
    ...(version === undefined ? {} : { version }),
  });
}

function wordingOf({ features }: FeatureSet): ReadonlyMap<string, FeatureWording> {
  return new Map(features.map(({ name, wording = {} }) => [name, wording]));
}

export async function listModelVersions({ paths }: Pick<Adapters, 'paths'>) {
  return { aliases: await readAliases(paths.models), models: await listModels(paths.models) };
}

export function showModelVersion({ paths }: Pick<Adapters, 'paths'>, version: string) {
  return showModel(paths.models, version);
}

export function promote(
  adapters: Adapters,
  version: string,
  request: ChampionMoveRequest,
): Promise<ChampionChange> {
  return promoteModel({ ...championMove(adapters, request), version });
}

export function rollback(
  adapters: Adapters,
  request: ChampionMoveRequest,
): Promise<ChampionChange> {
  return rollbackModel(championMove(adapters, request));
}

function championMove(adapters: Adapters, request: ChampionMoveRequest) {
  return {
    ...registryOf(adapters),
    schemaHash: adapters.featureSet.schemaHash,
    ...request,
  };
}

function registryOf(adapters: Adapters) {
  const { paths, now } = adapters;
  return { modelsDir: paths.models, now, eventLog: createModelEventLog(adapters) };
}

/** `churn predict`: what the API answers, computed here from Redis and the champion. */
export interface Prediction extends EligibilityAnswer {
  readonly user_id: string;
  readonly churn_probability: number;
  readonly model_version: string;
  readonly feature_time: string;
  readonly features: FeatureValues;
  readonly contributions?: readonly Contribution[];
}

export async function predict(
  adapters: Adapters,
  userId: string,
  { explain }: { explain: boolean },
): Promise<Prediction> {
  const model = await loadModel(adapters);
  const vector = await readServedVector(adapters.redis, {
    userId,
    installationId: await readDirectoryInstallation(adapters.paths),
    schema: adapters.featureSet,
  });
  if (!vector) throw new ChurnError('UNKNOWN_USER', { userId });
  if (vector.schema_hash !== model.schemaHash) {
    throw new ChurnError('SCHEMA_MISMATCH', {
      left: 'the online store',
      right: `model ${model.version}`,
    });
  }
  return {
    user_id: userId,
    churn_probability: model.predict(vector.features),
    model_version: model.version,
    feature_time: vector.feature_time,
    features: vector.features,
    ...createEligibilityCheck(adapters.featureSet)(vector),
    ...(explain ? { contributions: model.explain(vector.features).contributions } : {}),
  };
}

export interface Replay {
  readonly prediction_id: string;
  readonly user_id: string;
  readonly model_version: string;
  readonly feature_time: string;
  readonly known_at: string;
  readonly logged: number;
  readonly replayed: number;
  readonly equal: boolean;
}

/** Computes a logged prediction again with the model version and the features it names. */
export async function replayPrediction(adapters: Adapters, predictionId: string): Promise<Replay> {
  const isUuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(predictionId);
  const [logged] = isUuid ? await readPrediction(adapters, predictionId) : [];
  if (!logged) throw new ChurnError('PREDICTION_NOT_FOUND', { predictionId });
  // Its features are in the log, as the model takes them, whatever the present ones are.
  const model = await loadServingModel({
    modelsDir: adapters.paths.models,
    schemaHash: null,
    version: logged.model_version,
  });
  const replayed = model.predict(logged.features);
  return {
    prediction_id: predictionId,
    user_id: logged.user_id,
    model_version: logged.model_version,
    feature_time: formatInstant(parseInstant(logged.feature_time)),
    known_at: logged.known_at,
    logged: logged.churn_probability,
    replayed,
    equal: replayed === logged.churn_probability,
  };
}

interface PredictionRow {
  readonly user_id: string;
  readonly model_version: string;
  readonly feature_time: string;
  readonly known_at: string;
  readonly features: FeatureValues;
  readonly churn_probability: number;
}

function readPrediction({ database }: Adapters, predictionId: string) {
  return database.sql<PredictionRow[]>`
    select user_id, model_version, feature_time, known_at, features, churn_probability
    from ops.predictions where prediction_id = ${predictionId}`;
}
