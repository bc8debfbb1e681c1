import type { Redis } from 'ioredis';
import { onlineKeys, vectorKey } from '../../../packages/online-store/online-keys';
import { readServedVector } from '../../../packages/online-store/read-online';
import { createTestRedis } from '../../environment/test-redis';
import { testMeta, testSchema, testVector } from './vector-fixture';

/** What `churn predict` reads: the rules of /predict, in one round trip. */
describe('a vector that is read once to be served', () => {
  let redis: Redis;

  beforeAll(async () => {
    ({ redis } = await createTestRedis());
  });
  beforeEach(async () => {
    await redis.flushdb();
    await redis.set(onlineKeys.installation, 'installation-1');
    await redis.set(onlineKeys.meta, JSON.stringify(testMeta));
    await redis.set(vectorKey('a'), JSON.stringify(testVector('a')));
  });
  afterAll(async () => {
    await redis.flushdb();
    redis.disconnect();
  });

  const read = (userId: string, installationId: string | undefined = 'installation-1') =>
    readServedVector(redis, { userId, installationId, schema: testSchema });

  it('is null for users who are not in the published partition', async () => {
    expect(await read('a')).toEqual(testVector('a'));
    expect(await read('nobody')).toBeNull();
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['NO_FEATURES', 'nothing is published', () => redis.del(onlineKeys.meta)],
    [
      'INSTALLATION_MISMATCH',
      'Redis is of another installation',
      () => redis.set(onlineKeys.installation, 'another'),
    ],
    ['CORRUPT_VECTOR', 'it is damaged', () => redis.set(vectorKey('a'), '{}')],
    [
      'CORRUPT_VECTOR',
      'it is later than any sync',
      () =>
        redis.set(
          vectorKey('a'),
          JSON.stringify(testVector('a', { feature_time: '2024-06-02T00:00:00.000000Z' })),
        ),
    ],
  ])('is refused with %s where %s', async (code, _what, damage) => {
    await damage();
    await expect(read('a')).rejects.toMatchObject({ code });
  });
});
