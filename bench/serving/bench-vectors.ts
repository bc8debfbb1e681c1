import { once } from 'node:events';
import type { OnlineMeta } from '../../packages/contracts/partitions';
import { onlineStateHash } from '../../packages/contracts/partitions';
import type { FeatureValues } from '../../packages/contracts/predictions';
import { featureSet } from '../../packages/features/feature-set';
import { onlineKeys, vectorKey } from '../../packages/online-store/online-keys';
import { openRedisForServing } from '../../packages/online-store/open-redis';
import { onlineVectorHash } from '../../packages/online-store/vector-hash';

/** Users whose features the servers of the benchmark are asked for: `bench-0` and so on. */
export const USERS = 1_000;
export const INSTALLATION = 'bench';

const INTERCEPT = -0.2;
const WEIGHTS = [-0.4, -0.05, 0.12, 0.6, -0.004, -0.3];
const NAMES = featureSet.features.map(({ name }) => name);
const STATE_HASH = onlineStateHash(featureSet.definitionHashes[featureSet.state.name] ?? '');
const META: OnlineMeta = {
  installation_id: INSTALLATION,
  feature_time: '2026-01-01T00:00:00.000000Z',
  known_at: '2026-01-01T01:00:00.000000Z',
  revision: 1,
  schema_hash: featureSet.schemaHash,
  partition_sha256: '',
  users: USERS,
  published_at: '2026-01-01T01:05:00.000000Z',
};

/** The model of every server of the benchmark. */
export const MODEL = { intercept: INTERCEPT, names: NAMES, weights: WEIGHTS };

export function probability(features: FeatureValues): number {
  let logit = INTERCEPT;
  for (let index = 0; index < NAMES.length; index += 1) {
    logit += WEIGHTS[index]! * Number(features[NAMES[index]!]);
  }
  return 1 / (1 + Math.exp(-logit));
}

/** Publishes the users' features the way a sync does. */
export async function publishVectors(redisUrl: string): Promise<void> {
  const redis = openRedisForServing(redisUrl);
  await once(redis, 'ready');
  for (let user = 0; user < USERS; user += 1) {
    const values = [user % 5, user % 40, user % 9, user % 3, user / 7, user % 2 === 0];
    const vector = {
      user_id: `bench-${user}`,
      features: Object.fromEntries(NAMES.map((name, index) => [name, values[index]!])),
      feature_time: '2026-01-01T00:00:00.000000Z',
      known_at: '2026-01-01T01:00:00.000000Z',
      revision: 1,
      is_subscribed: user % 20 > 0,
      state_hash: STATE_HASH,
      schema_hash: featureSet.schemaHash,
    };
    const value = { ...vector, vector_hash: onlineVectorHash(vector) };
    await redis.set(vectorKey(vector.user_id), JSON.stringify(value));
  }
  await redis.set(onlineKeys.installation, INSTALLATION);
  await redis.set(onlineKeys.meta, JSON.stringify(META));
  redis.disconnect();
}

export async function removeVectors(redisUrl: string): Promise<void> {
  const redis = openRedisForServing(redisUrl);
  await once(redis, 'ready');
  await redis.del(Array.from({ length: USERS }, (_, user) => vectorKey(`bench-${user}`)));
  await redis.del(onlineKeys.installation, onlineKeys.meta);
  redis.disconnect();
}
