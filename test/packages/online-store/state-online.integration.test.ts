import type { Redis } from 'ioredis';
import type { PublishedPartition } from '../../../packages/contracts/partitions';
import { readMeta, readVector } from '../../../packages/online-store/read-online';
import { vectorHash } from '../../../packages/online-store/vector-hash';
import { writePartition } from './partition-fixture';
import { setUpOnlineStore } from './set-up-online-store';

describe('the online store and the state', () => {
  const store = setUpOnlineStore();
  const { folder, sync, audit } = store;
  let redis: Redis;
  beforeAll(() => void ({ redis } = store));

  describe('the state', () => {
    const rows = [{ userId: 'a' }, { userId: 'b', isSubscribed: false }];
    const write = (revision: number, isBeforeState: boolean, given = rows) =>
      writePartition(folder, {
        date: '2024-06-05',
        revision: revision + (isBeforeState ? 0 : 100),
        rows: given,
        isBeforeState,
      });

    it('is not in values of a partition from before there was one; they are served and audited as they were', async () => {
      const old = await write(1, true);
      await sync(old);
      const value = (await readVector(redis, 'b'))!;
      expect(Object.keys(value)).toEqual([
        'feature_time',
        'revision',
        'known_at',
        'user_id',
        'features',
        'schema_hash',
        'vector_hash',
      ]);
      expect(value.vector_hash).toBe(vectorHash(value.features));
      expect(await readMeta(redis)).not.toHaveProperty('state_hash');
      expect(await audit(old)).toMatchObject({ equal: 2, mismatched: 0 });
    });

    it('comes with the revision that a backfill makes: the values that have none are earlier', async () => {
      await sync(await write(1, true));
      const backfilled = await write(2, false);
      expect(await audit(backfilled)).toMatchObject({ equal: 0, mismatched: 2 });
      expect(await sync(backfilled)).toMatchObject({ written: 2, refused: 0 });
      expect(await readVector(redis, 'a')).toMatchObject({ is_subscribed: true });
      expect(await readVector(redis, 'b')).toMatchObject({ is_subscribed: false });
      expect(await audit(backfilled)).toMatchObject({ equal: 2, mismatched: 0 });
    });

    it.each<[string, (value: Record<string, unknown>) => Record<string, unknown>]>([
      ['turned', (value) => ({ ...value, is_subscribed: true })],
      ['gone', ({ is_subscribed: _, ...value }) => value],
      ['of another definition', (value) => ({ ...value, state_hash: '0123456789abcdef' })],
    ])('that is %s is found by the audit', async (_what, damage) => {
      const partition = await write(3, false);
      await sync(partition);
      const value = JSON.parse((await redis.get('user_features:b'))!) as Record<string, unknown>;
      await redis.set('user_features:b', JSON.stringify(damage(value)));
      expect(await audit(partition)).toMatchObject({ equal: 1, mismatched: 1 });
    });

    it('that the manifest promises and the file lacks is a corrupt partition, and the reverse', async () => {
      const [old, present] = [await write(4, true), await write(4, false)];
      const swapped = ({ manifest, path }: PublishedPartition, other: PublishedPartition) => ({
        path,
        manifest: { ...manifest, definition_hashes: other.manifest.definition_hashes },
      });
      for (const partition of [swapped(old, present), swapped(present, old)]) {
        await expect(sync(partition)).rejects.toMatchObject({ code: 'CORRUPT_PARTITION' });
      }
      expect(await redis.keys('user_features:*')).toEqual([]);
    });
  });
});
