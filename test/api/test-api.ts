import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino, type Logger } from 'pino';
import type { ApiOptions } from '../../api/api-options';
import { createApp } from '../../api/create-app';
import type {
  ApiPorts,
  PendingPrediction,
  PredictionLogPort,
  PredictionLogStatus,
  ServingVersion,
} from '../../api/ports';
import type { ChurnError } from '../../packages/contracts/errors';
import {
  onlineStateHash,
  type OnlineMeta,
  type OnlineVector,
} from '../../packages/contracts/partitions';
import type { FeatureValues } from '../../packages/contracts/predictions';
import type { BackfillProgress } from '../../packages/contracts/runs';
import { featureSet } from '../../packages/features/feature-set';
import { parseInstant } from '../../packages/instants/epoch-micros';
import { onlineVectorHash } from '../../packages/online-store/vector-hash';

export const FEATURE_TIME = '2026-03-01T00:00:00.000000Z';
export const NOW = parseInstant('2026-03-01T06:00:00Z');

export const features: FeatureValues = {
  avg_sessions_7d: 1.5,
  sessions_30d: 12,
  days_since_last_login: 3,
  failed_payments_30d: 1,
  total_spend_90d: 89.97,
  is_pro_plan: true,
};

/** What Redis says of a user's state beside the features. */
export function stateOf(isSubscribed: boolean): Partial<OnlineVector> {
  const { state, definitionHashes } = featureSet;
  const hash = onlineStateHash(definitionHashes[state.name]!);
  return { is_subscribed: isSubscribed, state_hash: hash };
}

export function vectorOf(userId: string, changes: Partial<OnlineVector> = {}): OnlineVector {
  const vector = {
    user_id: userId,
    features,
    feature_time: FEATURE_TIME,
    known_at: '2026-03-01T01:00:00.000000Z',
    revision: 2,
    schema_hash: featureSet.schemaHash,
    ...stateOf(true),
    ...changes,
  };
  return { vector_hash: onlineVectorHash(vector), ...vector };
}

export const meta: OnlineMeta = {
  installation_id: randomUUID(),
  feature_time: FEATURE_TIME,
  known_at: '2026-03-01T01:00:00.000000Z',
  revision: 2,
  schema_hash: featureSet.schemaHash,
  partition_sha256: 'p'.repeat(64),
  users: 2,
  published_at: '2026-03-01T01:10:00.000000Z',
};

/** A model whose probability is given, so that a test sees which version answered. */
export function modelOf(version: string, probability = 0.25): ServingVersion {
  return {
    version,
    schemaHash: featureSet.schemaHash,
    metadata: { model_version: version, status: 'converged' },
    predict: () => probability,
    explain: (values) => ({
      probability,
      logit: 0,
      intercept: 0,
      contributions: Object.entries(values).map(([feature, value], index) => ({
        feature,
        value,
        contribution: index / 10,
        text: `${feature}: for people`,
      })),
    }),
  };
}

/** Keeps what is appended. */
export class RecordingLog implements PredictionLogPort {
  readonly appended: PendingPrediction[] = [];
  status: PredictionLogStatus = 'logging';
  spooled = 0;
  spooledTotal = 0;
  dropped = 0;
  spoolProblem: ChurnError | undefined;

  get pending(): number {
    return this.appended.length;
  }

  append(prediction: PendingPrediction): void {
    this.appended.push(prediction);
  }
}

export const progress: BackfillProgress = {
  id: 'bf-1',
  status: 'running',
  knownAt: '2026-03-01T01:00:00.000000Z',
  planned: 31,
  succeeded: 10,
  skipped: 0,
  failed: ['2026-01-07'],
  errors: [{ date: '2026-01-07', error: 'CORRUPT_FILE: The file x is damaged.' }],
  reason: null,
};

const notAsked = (name: string) => async (): Promise<never> => {
  throw new Error(`the test did not expect a call of ${name}`);
};

/** Ports that answer from memory; a test replaces those it is about. */
export function fakePorts(changes: Partial<ApiPorts> = {}): ApiPorts {
  const vectors = new Map([['u1', vectorOf('u1')]]);
  return {
    featureSchema: featureSet,
    servingModel: { current: () => modelOf('v001'), refresh: async () => {} },
    onlineFeatures: {
      read: async (userId) => vectors.get(userId) ?? null,
      readMany: async (userIds) => userIds.map((userId) => vectors.get(userId) ?? null),
      meta: async () => meta,
    },
    predictionLog: new RecordingLog(),
    backfills: {
      start: notAsked('start'),
      plan: notAsked('plan'),
      progress: notAsked('progress'),
      pause: notAsked('pause'),
      resume: notAsked('resume'),
      cancel: notAsked('cancel'),
    },
    partitions: { list: async () => [] },
    models: {
      list: notAsked('list'),
      show: notAsked('show'),
      promote: notAsked('promote'),
      rollback: notAsked('rollback'),
    },
    atRisk: { list: notAsked('list') },
    drift: { read: async () => null },
    probes: { redis: async () => {}, postgres: async () => {}, temporal: async () => {} },
    ...changes,
  };
}

export interface TestApi {
  readonly app: NestFastifyApplication;
  /** What supertest takes. */
  readonly server: ReturnType<NestFastifyApplication['getHttpServer']>;
}

export async function createTestApi(
  ports: Partial<ApiPorts> = {},
  options: Partial<ApiOptions> = {},
): Promise<TestApi> {
  const app = await createApp(fakePorts(ports), {
    allowedHosts: [],
    staleAfterHours: 48,
    logger: silentLogger,
    now: () => NOW,
    ...options,
  });
  return { app, server: app.getHttpServer() };
}

export const silentLogger = pino({ level: 'silent' });

/** A logger and the entries it wrote. */
export function recordingLogger(): { logger: Logger; entries: Record<string, unknown>[] } {
  const entries: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => void entries.push(JSON.parse(line)) },
  );
  return { logger, entries };
}
