import type { OnlineMeta, OnlineVector } from '../../../packages/contracts/partitions';
import type { VectorSchema } from '../../../packages/online-store/decode-vector';
import { onlineVectorHash } from '../../../packages/online-store/vector-hash';

export const testSchema: VectorSchema = {
  schemaHash: 'schema-a',
  features: [
    { name: 'sessions_30d', type: 'int32' },
    { name: 'spend', type: 'float64' },
    { name: 'is_pro', type: 'bool' },
  ],
};

/** A vector as a sync writes it; its hash is right for what is changed, unless it is changed too. */
export function testVector(userId: string, changes: Partial<OnlineVector> = {}): OnlineVector {
  const vector = {
    feature_time: '2024-06-01T00:00:00.000000Z',
    revision: 1,
    known_at: '2024-06-01T01:00:00.000000Z',
    user_id: userId,
    features: { sessions_30d: 4, spend: 12.34, is_pro: true },
    is_subscribed: true,
    state_hash: 'abcdef0123456789',
    schema_hash: 'schema-a',
    ...changes,
  };
  return { ...vector, vector_hash: changes.vector_hash ?? onlineVectorHash(vector) };
}

export const testMeta: OnlineMeta = {
  feature_time: '2024-06-01T00:00:00.000000Z',
  revision: 1,
  installation_id: 'installation-1',
  known_at: '2024-06-01T01:00:00.000000Z',
  schema_hash: 'schema-a',
  partition_sha256: 'f'.repeat(64),
  users: 1,
  published_at: '2024-06-02T01:05:00.000000Z',
};
