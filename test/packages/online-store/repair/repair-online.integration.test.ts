import type { Redis } from 'ioredis';
import type { PublishedPartition } from '../../../../packages/contracts/partitions';
import { onlineKeys, vectorKey } from '../../../../packages/online-store/online-keys';
import { readMeta, readVector } from '../../../../packages/online-store/read-online';
import {
  repairOnline,
  type RepairOnlineOptions,
} from '../../../../packages/online-store/repair/repair-online';
import { writePartition } from '../partition-fixture';
import { setUpOnlineStore } from '../set-up-online-store';

describe('the repair of the online store', () => {
  const store = setUpOnlineStore();
  let redis: Redis;
  let partition: PublishedPartition;
  const users = ['a', 'b', 'c', 'd', 'e', 'f'];
  const write = (date: string, userIds: readonly string[] = users) =>
    writePartition(store.folder, {
      date,
      revision: 2,
      rows: userIds.map((userId) => ({ userId })),
    });
  beforeAll(async () => {
    ({ redis } = store);
    partition = await write('2024-06-01');
  });

  const repair = (more: Partial<RepairOnlineOptions> = {}) =>
    repairOnline({
      redis,
      openDuckDb: store.openDuckDb,
      newestPartition: async () => partition,
      stateName: 'is_subscribed',
      installationId: 'installation-1',
      publishedAt: '2024-06-02T01:05:00.000000Z',
      ...more,
    });

  const right = {
    date: '2024-06-01',
    revision: 2,
    users: 6,
    unchanged: 6,
    missing: 0,
    damaged: 0,
    wrongTyped: 0,
    fromFuture: 0,
    outdated: 0,
    removed: 0,
    bookkeeping: [],
  };

  const allValues = async () => {
    const keys = (await redis.keys('*')).sort();
    return Promise.all(keys.map(async (key) => [key, await redis.dump(key)]));
  };

  async function wrongTyped(key: string): Promise<void> {
    await redis.del(key);
    await redis.rpush(key, 'x');
  }

  async function changed(userId: string, changes: object): Promise<void> {
    const vector = await readVector(redis, userId);
    await redis.set(vectorKey(userId), JSON.stringify({ ...vector, ...changes }));
  }

  it('finds nothing to do, and changes nothing, where all is right', async () => {
    await store.sync(partition);
    const before = await allValues();
    expect(await repair({ publishedAt: '2024-07-01T00:00:00.000000Z' })).toEqual(right);
    expect(await allValues()).toEqual(before);
  });

  it('mends whatever is wrong, counts it, and the next one finds nothing', async () => {
    await redis.set('someone:elses', 'value');
    await store.sync(partition);
    const before = await allValues();
    await redis.del(vectorKey('a'));
    await changed('b', { features: {} });
    await wrongTyped(vectorKey('c'));
    await changed('d', { feature_time: '9999-01-01T00:00:00.000000Z' });
    await changed('e', { revision: 1 });
    await redis.set(vectorKey('f'), 'garbage');
    await redis.set(vectorKey('extra'), 'garbage');
    await wrongTyped(vectorKey('extra list'));
    expect(await repair()).toEqual({
      ...right,
      unchanged: 0,
      missing: 1,
      damaged: 2,
      wrongTyped: 1,
      fromFuture: 1,
      outdated: 1,
      removed: 2,
    });
    expect(await allValues()).toEqual(before);
    expect(await repair()).toEqual(right);
    expect(await store.audit(partition)).toMatchObject({ equal: 6, mismatched: 0, extra: 0 });
  });

  it('fills a Redis that has lost everything', async () => {
    const bookkeeping = [onlineKeys.installation, onlineKeys.target, onlineKeys.meta];
    expect(await repair()).toEqual({ ...right, unchanged: 0, missing: 6, bookkeeping });
    expect(await store.audit(partition)).toMatchObject({ equal: 6 });
    expect(await readMeta(redis)).toMatchObject({ installation_id: 'installation-1', users: 6 });
  });

  const future = '{"feature_time":"9999-01-01T00:00:00.000000Z","revision":1}';
  it.each<[string, string, () => Promise<unknown>]>([
    ['a target from the future', onlineKeys.target, () => redis.set(onlineKeys.target, future)],
    ['a target that is no text', onlineKeys.target, () => wrongTyped(onlineKeys.target)],
    ['a damaged target', onlineKeys.target, () => redis.set(onlineKeys.target, 'x')],
    ['a lost target', onlineKeys.target, () => redis.del(onlineKeys.target)],
    ['a meta key that is no text', onlineKeys.meta, () => wrongTyped(onlineKeys.meta)],
    ['a damaged meta key', onlineKeys.meta, () => redis.set(onlineKeys.meta, '{')],
    ['a meta key from the future', onlineKeys.meta, () => redis.set(onlineKeys.meta, future)],
    [
      'the key that says whose it is, where the other one says so too',
      onlineKeys.installation,
      () => wrongTyped(onlineKeys.installation),
    ],
  ])('mends %s, so that the next sync goes on', async (_what, key, damage) => {
    await store.sync(partition);
    const before = await allValues();
    await damage();
    expect(await repair()).toEqual({ ...right, bookkeeping: [key] });
    expect(await allValues()).toEqual(before);
    const next = await write('2024-06-02');
    expect(await store.sync(next)).toMatchObject({ written: 6 });
  });

  it("refuses another installation's Redis, and one that does not say whose it is", async () => {
    await store.sync(partition);
    await changed('a', { features: {} });
    const refused = async (code: string) => {
      const before = await allValues();
      await expect(repair({ installationId: 'other' })).rejects.toMatchObject({ code });
      expect(await allValues()).toEqual(before);
    };
    await refused('INSTALLATION_MISMATCH');
    await wrongTyped(onlineKeys.installation);
    await refused('CORRUPT_ONLINE_KEY');
  });

  it('goes on with the later partition where a sync of one begins meanwhile', async () => {
    await store.sync(partition);
    await redis.del(vectorKey('a'));
    const next = await write('2024-06-02', ['a', 'b']);
    let asked = 0;
    const newestPartition = async () => {
      asked += 1;
      if (asked > 1) return next;
      await store.sync(next);
      return partition;
    };
    expect(await repair({ newestPartition })).toMatchObject({ date: '2024-06-02', unchanged: 2 });
    expect(await store.audit(next)).toMatchObject({ equal: 2, extra: 0 });
  });
});
