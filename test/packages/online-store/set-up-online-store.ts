import type { Redis } from 'ioredis';
import type { PublishedPartition } from '../../../packages/contracts/partitions';
import { auditOnline } from '../../../packages/online-store/audit-online';
import {
  syncOnlineFeatures,
  type SyncOptions,
} from '../../../packages/online-store/sync-online-features';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestRedis } from '../../environment/test-redis';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

/** For one `describe`: a real Redis, empty before each test, and a folder for partitions. */
export function setUpOnlineStore() {
  const scratch = createScratchDirectory();
  const openDuckDb = () => openTestDuckDb(scratch.path);
  let opened: { redis: Redis; url: string };
  const store = {
    /** Where partitions are written. */
    folder: scratch.path,
    openDuckDb,
    get redis(): Redis {
      return opened.redis;
    },
    get url(): string {
      return opened.url;
    },
    sync: (partition: PublishedPartition, more: Partial<SyncOptions> = {}) =>
      syncOnlineFeatures({
        redis: opened.redis,
        openDuckDb,
        partition,
        stateName: 'is_subscribed',
        installationId: 'installation-1',
        publishedAt: '2024-06-02T01:05:00.000000Z',
        ...more,
      }),
    audit: (partition: PublishedPartition) =>
      auditOnline({ redis: opened.redis, openDuckDb, partition, stateName: 'is_subscribed' }),
  };
  beforeAll(async () => {
    opened = await createTestRedis();
  });
  beforeEach(() => opened.redis.flushdb());
  afterAll(async () => {
    await opened.redis.flushdb();
    opened.redis.disconnect();
    scratch.remove();
  });
  return store;
}
