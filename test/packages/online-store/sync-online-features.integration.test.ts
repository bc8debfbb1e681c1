import { appendFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import fc from 'fast-check';
import type { PublishedPartition } from '../../../packages/contracts/partitions';
import { onlineKeys, vectorKey } from '../../../packages/online-store/online-keys';
import { openRedisForWriting } from '../../../packages/online-store/open-redis';
import { readMeta, readVector } from '../../../packages/online-store/read-online';
import { vectorHash } from '../../../packages/online-store/vector-hash';
import { writeLargePartition, writePartition } from './partition-fixture';
import { setUpOnlineStore } from './set-up-online-store';

describe('the online store', () => {
  const store = setUpOnlineStore();
  const { folder, sync, audit } = store;
  let redis: Redis;
  let url: string;
  beforeAll(() => void ({ redis, url } = store));
  const allValues = async () => {
    const keys = (await redis.keys('*')).sort();
    return Object.fromEntries(await Promise.all(keys.map(async (k) => [k, await redis.get(k)])));
  };
  const small = (date: string, revision: number, userIds: readonly string[], sessions = 4) =>
    writePartition(folder, {
      date,
      revision,
      rows: userIds.map((userId) => ({ userId, sessions })),
    });

  describe('what it holds', () => {
    it('is a JSON vector per user with features in schema order, typed, and its hash', async () => {
      const partition = await writePartition(folder, {
        date: '2024-06-01',
        revision: 3,
        rows: [
          { userId: 'u1', averageSessions: 1 / 7, sessions: 5, spend: 120, isPro: true },
          { userId: 'u2', isSubscribed: false },
        ],
      });
      await sync(partition);
      const text = (await redis.get('user_features:u1'))!;
      const features = {
        avg_sessions_7d: 1 / 7,
        sessions_30d: 5,
        days_since_last_login: 3,
        failed_payments_30d: 0,
        total_spend_90d: 120,
        is_pro_plan: true,
      };
      expect(JSON.parse(text)).toEqual({
        user_id: 'u1',
        features,
        feature_time: '2024-06-01T00:00:00.000000Z',
        known_at: '2024-06-01T01:00:00.000000Z',
        revision: 3,
        schema_hash: 'schema-a',
        is_subscribed: true,
        state_hash: 'abcdef0123456789',
        vector_hash: vectorHash({ ...features, is_subscribed: true }),
      });
      expect(await readVector(redis, 'u2')).toMatchObject({ is_subscribed: false });
      expect(text).toContain(`"features":${JSON.stringify(features)}`);
      expect(await readVector(redis, 'u1')).toEqual(JSON.parse(text));
    });

    it.each([1e21, 1e-7, 0.1 + 0.2, 9007199254740991, -0])(
      'prints %p as JavaScript does',
      async (spend) => {
        const rows = [{ userId: 'u1', spend }];
        await sync(await writePartition(folder, { date: '2024-06-01', revision: 1, rows }));
        const text = await redis.get('user_features:u1');
        expect(text).toContain(`"total_spend_90d":${JSON.stringify(spend)},`);
      },
    );

    it.each(['_meta', '{tag}', 'a"b\\c', 'ünï', 'two words', '*'])(
      'serves a user named %p',
      async (userId) => {
        const partition = await small('2024-06-01', 1, [userId, 'zz']);
        await sync(partition);
        expect(await redis.exists(`user_features:${userId}`)).toBe(1);
        expect((await readVector(redis, userId))?.user_id).toBe(userId);
        expect(await audit(partition)).toMatchObject({ equal: 2, mismatched: 0, extra: 0 });
      },
    );

    it('says in its meta key what is published', async () => {
      expect(await readMeta(redis)).toBeNull();
      const partition = await small('2024-06-01', 2, ['a', 'b']);
      await sync(partition);
      expect(await readMeta(redis)).toEqual({
        installation_id: 'installation-1',
        feature_time: '2024-06-01T00:00:00.000000Z',
        known_at: '2024-06-01T01:00:00.000000Z',
        revision: 2,
        schema_hash: 'schema-a',
        state_hash: 'abcdef0123456789',
        partition_sha256: partition.manifest.sha256,
        users: 2,
        published_at: '2024-06-02T01:05:00.000000Z',
      });
    });
  });

  describe('going forward only', () => {
    it('changes no key at all when a partition is synced again', async () => {
      const partition = await small('2024-06-01', 1, ['a', 'b', 'c']);
      expect(await sync(partition)).toEqual({
        users: 3,
        written: 3,
        unchanged: 0,
        refused: 0,
        removed: 0,
        featureTime: '2024-06-01T00:00:00.000000Z',
        revision: 1,
      });
      const before = await allValues();
      const dirtyBefore = await changesSinceSave();
      const again = await sync(partition, { publishedAt: '2030-01-01T00:00:00.000000Z' });
      expect(again).toMatchObject({ written: 0, unchanged: 3, refused: 0, removed: 0 });
      expect(await allValues()).toEqual(before);
      expect(await changesSinceSave()).toBe(dirtyBefore);
    });

    it('lets a correction of the same day through', async () => {
      await sync(await small('2024-06-01', 1, ['a'], 4));
      await sync(await small('2024-06-01', 2, ['a'], 9));
      expect((await readVector(redis, 'a'))?.features.sessions_30d).toBe(9);
      expect((await readMeta(redis))?.revision).toBe(2);
    });

    it('compares revisions as numbers', async () => {
      await sync(await small('2024-06-01', 9, ['a'], 4));
      await sync(await small('2024-06-01', 10, ['a'], 7));
      expect((await readVector(redis, 'a'))?.revision).toBe(10);
    });

    it('refuses an earlier day as a whole, also for users that are gone since', async () => {
      await sync(await small('2024-06-01', 1, ['a', 'gone']));
      const later = await small('2024-06-02', 1, ['a']);
      expect(await sync(later)).toMatchObject({ removed: 1 });
      const before = await allValues();
      const report = await sync(await small('2024-06-01', 7, ['a', 'gone']));
      expect(report).toMatchObject({ users: 2, written: 0, unchanged: 0, refused: 2, removed: 0 });
      expect(await allValues()).toEqual(before);
    });

    it('writes a vector again that has its order but other content, which is damage', async () => {
      const partition = await small('2024-06-01', 1, ['a', 'b'], 4);
      await sync(partition);
      await change('a', (vector) => ({ ...vector, features: { sessions_30d: 5 } }));
      expect(await sync(partition)).toMatchObject({ written: 1, unchanged: 1, refused: 0 });
      expect((await readVector(redis, 'a'))?.features.sessions_30d).toBe(4);
    });

    it('ends at the greatest (feature_time, revision), whatever the order of syncs', async () => {
      const days = ['2024-06-01', '2024-06-02', '2024-06-03'];
      const users = [['a', 'b'], ['a'], ['a', 'b', 'c']];
      const partitions = new Map<string, PublishedPartition>();
      for (const [index, date] of days.entries()) {
        for (const revision of [1, 2, 11]) {
          const rows = users[(index + revision) % 3]!;
          const partition = await small(date, revision, rows, revision);
          partitions.set(`${date}/${revision}`, partition);
        }
      }
      const step = fc.constantFrom(...partitions.keys());
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          await redis.flushdb();
          for (const name of steps) await sync(partitions.get(name)!);
          const newest = steps
            .map((name) => partitions.get(name)!)
            .reduce((a, b) => (isLater(b, a) ? b : a));
          expect(await audit(newest)).toMatchObject({
            equal: newest.manifest.rows,
            missing: 0,
            extra: 0,
            mismatched: 0,
            not_comparable: 0,
          });
          expect((await readMeta(redis))?.partition_sha256).toBe(newest.manifest.sha256);
        }),
        { numRuns: 40 },
      );
    });

    it('ends at the greatest also when syncs run side by side', async () => {
      const days = ['2024-06-01', '2024-06-02', '2024-06-03', '2024-06-04'];
      const partitions = await Promise.all(
        days.map((date, index) =>
          writeLargePartition(folder, {
            date,
            revision: 1,
            users: 6_000 - 1_000 * index,
            shift: index,
          }),
        ),
      );
      const connection = openRedisForWriting(url);
      await Promise.all(partitions.map((partition) => sync(partition, { redis: connection })));
      connection.disconnect();
      expect(await audit(partitions[3]!)).toMatchObject({
        equal: 3_000,
        missing: 0,
        extra: 0,
        mismatched: 0,
      });
      expect((await readMeta(redis))?.feature_time).toBe('2024-06-04T00:00:00.000000Z');
    });
  });

  describe('users who are gone', () => {
    it('removes them, and nothing that is not a vector', async () => {
      await redis.set('someone:elses', 'value');
      await sync(await small('2024-06-01', 1, ['a', '_meta', 'b']));
      const next = await small('2024-06-02', 1, ['b', 'new']);
      expect(await sync(next)).toMatchObject({ written: 2, removed: 2 });
      expect((await redis.keys('*')).sort()).toEqual(
        [...Object.values(onlineKeys), 'someone:elses', vectorKey('b'), vectorKey('new')].sort(),
      );
    });

    it('replaces or removes what is no vector of ours', async () => {
      await redis.set(vectorKey('a'), 'garbage');
      await redis.set(vectorKey('zombie'), '{"no":"order"}');
      const partition = await small('2024-06-01', 1, ['a']);
      expect(await sync(partition)).toMatchObject({ written: 1, removed: 1 });
      expect(await audit(partition)).toMatchObject({ equal: 1, extra: 0 });
    });
  });

  describe('interrupted', () => {
    it('has not flipped the meta key, and the next run finishes the work', async () => {
      const first = await writeLargePartition(folder, {
        date: '2024-06-01',
        revision: 1,
        users: 20_000,
      });
      const second = await writeLargePartition(folder, {
        date: '2024-06-02',
        revision: 1,
        users: 19_000,
        shift: 1,
      });
      await sync(first);
      const stop = new AbortController();
      const onProgress = ({ users }: { users: number }) => {
        if (users > 5_000) stop.abort(new Error('killed'));
      };
      await expect(sync(second, { onProgress, signal: stop.signal })).rejects.toThrow('killed');
      expect((await readMeta(redis))?.feature_time).toBe(first.manifest.feature_time);
      const halfway = await audit(second);
      expect(halfway.equal).toBeGreaterThan(5_000);
      expect(halfway.mismatched).toBe(19_000 - halfway.equal);
      expect(halfway.extra).toBe(1_000);

      const report = await sync(second);
      expect(report).toMatchObject({ unchanged: halfway.equal, removed: 1_000, refused: 0 });
      expect(await audit(second)).toMatchObject({ equal: 19_000, extra: 0, mismatched: 0 });
      expect((await readMeta(redis))?.feature_time).toBe(second.manifest.feature_time);
    });

    it('heals vectors that got lost after it was published', async () => {
      const partition = await small('2024-06-01', 1, ['a', 'b']);
      await sync(partition);
      await redis.del(vectorKey('a'));
      expect(await sync(partition)).toMatchObject({ written: 1, unchanged: 1 });
    });

    it('fails, to be run again, when Redis is emptied meanwhile', async () => {
      const partition = await writeLargePartition(folder, {
        date: '2024-06-01',
        revision: 1,
        users: 20_000,
      });
      let emptied: Promise<unknown> | undefined;
      const onProgress = () => void (emptied ??= redis.flushdb());
      await expect(sync(partition, { onProgress })).rejects.toMatchObject({
        code: 'REDIS_UNAVAILABLE',
      });
      await emptied;
      expect(await readMeta(redis)).toBeNull();
    });
  });

  describe('refusals', () => {
    it("refuses another installation's Redis before writing anything", async () => {
      await sync(await small('2024-06-01', 1, ['a']));
      const before = await allValues();
      const later = await small('2024-06-02', 1, ['a', 'b']);
      await expect(sync(later, { installationId: 'other' })).rejects.toMatchObject({
        code: 'INSTALLATION_MISMATCH',
        details: { store: 'Redis', found: 'installation-1', expected: 'other' },
      });
      expect(await allValues()).toEqual(before);
    });

    it('refuses a file that is not the one its manifest describes', async () => {
      const partition = await small('2024-07-01', 1, ['a']);
      appendFileSync(partition.path, 'x');
      await expect(sync(partition)).rejects.toMatchObject({ code: 'CORRUPT_PARTITION' });
      expect(await redis.keys('user_features:*')).toEqual([]);
    });
  });

  describe('audit', () => {
    it('finds what is missing, extra, changed and later', async () => {
      const partition = await small('2024-06-01', 1, ['a', 'b', 'c', 'd', 'e']);
      await sync(partition);
      await redis.del(vectorKey('a'));
      await redis.set(vectorKey('extra'), (await redis.get(vectorKey('b')))!);
      await change('c', (vector) => ({ ...vector, features: { ...vector.features, x: 1 } }));
      await change('d', (vector) => ({ ...vector, revision: 2 }));
      await redis.set(
        onlineKeys.target,
        `{"feature_time":"2024-06-01T00:00:00.000000Z","revision":2}`,
      );
      await change('e', ({ features, ...vector }) => ({ features, ...vector }));
      expect(await audit(partition)).toEqual({
        equal: 2,
        missing: 1,
        extra: 1,
        mismatched: 1,
        not_comparable: 1,
        examples: ['missing a', 'mismatched c', 'extra extra'],
      });
    });

    it('finds a vector later than any sync, and a key that holds no text', async () => {
      const partition = await small('2024-06-01', 1, ['a', 'b', 'c']);
      await sync(partition);
      await change('a', (vector) => ({ ...vector, feature_time: '9999-01-01T00:00:00.000000Z' }));
      await redis.del(vectorKey('b'));
      await redis.rpush(vectorKey('b'), 'x');
      expect(await audit(partition)).toMatchObject({
        equal: 1,
        mismatched: 2,
        missing: 0,
        not_comparable: 0,
      });
    });

    it.each([
      ['its hash', 'vector_hash', 'ffff'],
      ['when it was known', 'known_at', '2020-01-01T00:00:00.000000Z'],
      ['its schema', 'schema_hash', 'schema-b'],
      ['whose it is', 'user_id', 'b'],
    ])('notices that a vector lies about %s', async (_what, field, value) => {
      const partition = await small('2024-06-01', 1, ['a']);
      await sync(partition);
      await change('a', (vector) => ({ ...vector, [field]: value }));
      expect(await audit(partition)).toMatchObject({ equal: 0, mismatched: 1 });
    });
  });

  type Stored = { features: Record<string, unknown> } & Record<string, unknown>;

  async function change(userId: string, edit: (vector: Stored) => object): Promise<void> {
    const vector = JSON.parse((await redis.get(vectorKey(userId)))!) as Stored;
    await redis.set(vectorKey(userId), JSON.stringify(edit(vector)));
  }

  async function changesSinceSave(): Promise<number> {
    const text = await redis.info('persistence');
    return Number(/rdb_changes_since_last_save:(\d+)/.exec(text)?.[1]);
  }
});

function isLater(a: PublishedPartition, b: PublishedPartition): boolean {
  const [left, right] = [a.manifest, b.manifest];
  return left.feature_time === right.feature_time
    ? left.revision > right.revision
    : left.feature_time > right.feature_time;
}
