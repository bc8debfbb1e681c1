import type { Redis } from 'ioredis';
import type { PublishedPartition } from '../../../packages/contracts/partitions';
import { vectorKey } from '../../../packages/online-store/online-keys';
import { readMeta, readVector } from '../../../packages/online-store/read-online';
import { syncOnlineFeatures } from '../../../packages/online-store/sync-online-features';
import {
  publishMeta,
  removeOlder,
  writeForward,
  writeOrderOf,
} from '../../../packages/online-store/forward-only-scripts';
import { onlineKeys } from '../../../packages/online-store/online-keys';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestRedis } from '../../environment/test-redis';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writePartition } from './partition-fixture';

describe('a sync that another one has overtaken', () => {
  const scratch = createScratchDirectory();
  let redis: Redis;

  beforeAll(async () => {
    ({ redis } = await createTestRedis());
    await redis.flushdb();
  });
  afterAll(async () => {
    await redis.flushdb();
    redis.disconnect();
    scratch.remove();
  });

  async function synced(date: string, userIds: readonly string[]): Promise<PublishedPartition> {
    const rows = userIds.map((userId) => ({ userId }));
    const partition = await writePartition(scratch.path, { date, revision: 1, rows });
    await syncOnlineFeatures({
      redis,
      openDuckDb: () => openTestDuckDb(scratch.path),
      partition,
      stateName: 'is_subscribed',
      installationId: 'installation-1',
      publishedAt: '2024-06-02T01:05:00.000000Z',
    });
    return partition;
  }

  const allValues = async () => {
    const keys = (await redis.keys('*')).sort();
    return Object.fromEntries(await Promise.all(keys.map(async (k) => [k, await redis.get(k)])));
  };

  it('names a key that holds no text, and syncs all others', async () => {
    await synced('2024-05-01', ['a', 'b', 'gone']);
    const key = vectorKey('b');
    await redis.del(key);
    await redis.rpush(key, 'x');
    const named = { code: 'CORRUPT_ONLINE_KEY', details: { key, type: 'list' }, retryable: false };
    await expect(synced('2024-05-02', ['a', 'b', 'c'])).rejects.toMatchObject(named);
    const feature_time = '2024-05-02T00:00:00.000000Z';
    expect(await readVector(redis, 'a')).toMatchObject({ feature_time });
    expect(await readVector(redis, 'c')).toMatchObject({ feature_time });
    expect(await readVector(redis, 'gone')).toBeNull();
    expect(await readMeta(redis)).toMatchObject({ feature_time });
    await expect(readVector(redis, 'b')).rejects.toMatchObject(named);
    expect(await redis.lrange(key, 0, -1)).toEqual(['x']);
    await redis.flushdb();
  });

  it('says of how many keys the named one is an example', async () => {
    const users = ['a', 'b', 'c', 'd'];
    for (const user of users) await redis.hset(vectorKey(user), 'no', 'text');
    await redis.set(vectorKey('d'), 'garbage');
    await expect(synced('2024-05-01', users)).rejects.toMatchObject({
      details: { key: vectorKey('a'), problem: expect.stringContaining('as do 2 others') },
    });
    expect(await readVector(redis, 'd')).not.toBeNull();
    await redis.flushdb();
  });

  it.each([onlineKeys.target, onlineKeys.meta])('names %s where it holds no text', async (key) => {
    await redis.rpush(key, 'x');
    await expect(synced('2024-05-01', ['a'])).rejects.toMatchObject({
      code: 'CORRUPT_ONLINE_KEY',
      details: { key, type: 'list' },
    });
    await redis.flushdb();
  });

  it('writes, removes and says nothing any more', async () => {
    const order = writeOrderOf(await synced('2024-06-01', ['a', 'gone']));
    const gone = { keys: [vectorKey('gone')], values: [(await redis.get(vectorKey('gone')))!] };
    const meta = (await readMeta(redis))!;
    await synced('2024-06-02', ['a']);
    const before = await allValues();

    expect(await writeForward(redis, order, gone)).toBe('ahead');
    expect(await removeOlder(redis, order, [vectorKey('a')])).toBe('ahead');
    expect(await publishMeta(redis, order, meta)).toBe('ahead');
    expect(await allValues()).toEqual(before);
  });

  it('finds its data lost where Redis comes back with an earlier target, or with none', async () => {
    await redis.flushdb();
    const earlier = writeOrderOf(await synced('2024-06-01', ['a']));
    const before = await redis.get(onlineKeys.target);
    const order = writeOrderOf(await synced('2024-06-02', ['a']));
    const own = { keys: [vectorKey('a')], values: [(await redis.get(vectorKey('a')))!] };
    await redis.set(onlineKeys.target, before!);
    expect(await writeForward(redis, order, own)).toBe('lost');
    expect(await removeOlder(redis, order, [vectorKey('a')])).toBe('lost');
    expect(await writeForward(redis, earlier, own)).not.toBe('lost');
    await redis.del(onlineKeys.target);
    expect(await writeForward(redis, order, own)).toBe('lost');
  });
});
