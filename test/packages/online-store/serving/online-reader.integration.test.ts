import type { Redis } from 'ioredis';
import type { OnlineMeta, OnlineVector } from '../../../../packages/contracts/partitions';
import { onlineKeys, vectorKey } from '../../../../packages/online-store/online-keys';
import { openRedisForServing } from '../../../../packages/online-store/open-redis';
import { OnlineReader } from '../../../../packages/online-store/serving/online-reader';
import { createTestRedis } from '../../../environment/test-redis';
import { testMeta, testSchema, testVector } from '../vector-fixture';
import { SwitchableProxy } from './switchable-proxy';

const NEVER_MS = 3_600_000;

describe('the online features that may be served', () => {
  let writer: Redis;
  let proxy: SwitchableProxy;
  let installation: string | undefined;
  const opened: { features: OnlineReader; redis: Redis }[] = [];

  beforeAll(async () => {
    const { redis, url } = await createTestRedis();
    writer = redis;
    proxy = await SwitchableProxy.open(url);
  });

  beforeEach(async () => {
    await writer.flushdb();
    installation = 'installation-1';
  });

  afterEach(() => {
    proxy.speak();
    for (const { features, redis } of opened.splice(0)) {
      features.close();
      redis.disconnect();
    }
  });

  afterAll(async () => {
    await proxy.close();
    await writer.flushdb();
    writer.disconnect();
  });

  /** Looks at Redis when it is connected, and then, unless a test says so, never by itself. */
  async function open(times: { lookEveryMs?: number; deadlineMs?: number } = {}) {
    const redis = openRedisForServing(proxy.url);
    const features = readerOf(redis, times);
    await nextEvent(redis, 'ready');
    // Until the first look has been answered, every read is one.
    await features.meta().catch(() => {});
    return { features, redis };
  }

  function readerOf(redis: Redis, times: { lookEveryMs?: number; deadlineMs?: number }) {
    const features = new OnlineReader({
      redis,
      installationId: async () => installation,
      schema: testSchema,
      lookEveryMs: NEVER_MS,
      ...times,
    });
    opened.push({ features, redis });
    return features;
  }

  async function publish(changes: Partial<OnlineMeta> = {}): Promise<void> {
    const meta = { ...testMeta, ...changes };
    await writer.set(onlineKeys.installation, meta.installation_id);
    await writer.set(onlineKeys.meta, JSON.stringify(meta));
  }

  const put = (userId: string, changes: Partial<OnlineVector> = {}) =>
    writer.set(vectorKey(userId), JSON.stringify(testVector(userId, changes)));

  it('are the vectors of the published partition, null for users who are not in it', async () => {
    await publish();
    await put('a');
    await put('b');
    const { features } = await open();
    expect(await features.read('a')).toEqual(testVector('a'));
    expect(await features.read('nobody')).toBeNull();
    expect(await features.readMany(['b', 'nobody', 'a'])).toEqual([
      testVector('b'),
      null,
      testVector('a'),
    ]);
    expect(await features.meta()).toEqual(testMeta);
  });

  describe('are refused, for one user and for many, where', () => {
    type RefusalCase = [string, string, () => Promise<unknown>];
    const cases: RefusalCase[] = [
      ['Redis is empty', 'NO_FEATURES', () => writer.flushdb()],
      ['nothing is published yet', 'NO_FEATURES', () => writer.del(onlineKeys.meta)],
      [
        'Redis is of another installation',
        'INSTALLATION_MISMATCH',
        () => publish({ installation_id: 'another' }),
      ],
      [
        'Redis says that it is of another installation, and what is published is not',
        'INSTALLATION_MISMATCH',
        () => writer.set(onlineKeys.installation, 'another'),
      ],
      [
        'what is published is of another installation',
        'INSTALLATION_MISMATCH',
        async () => {
          await publish({ installation_id: 'another' });
          await writer.set(onlineKeys.installation, 'installation-1');
        },
      ],
      [
        'the meta key says nothing',
        'CORRUPT_ONLINE_KEY',
        () => writer.set(onlineKeys.meta, '{"users":'),
      ],
      ...[onlineKeys.installation, onlineKeys.meta].map((key): RefusalCase => [
        `${key} holds no text`,
        'CORRUPT_ONLINE_KEY',
        async () => {
          await writer.del(key);
          await writer.rpush(key, 'x');
        },
      ]),
    ];

    it.each(cases)('%s: %s, also when it was right before', async (_what, code, damage) => {
      await publish();
      await put('a');
      const before = await open();
      expect(await before.features.read('a')).not.toBeNull();
      await damage();
      // As every second.
      await before.features.meta().catch(() => {});
      const after = await open();
      for (const { features } of [before, after]) {
        await expect(features.read('a')).rejects.toMatchObject({ code });
        await expect(features.readMany(['a'])).rejects.toMatchObject({ code });
        if (code === 'NO_FEATURES') expect(await features.meta()).toBeNull();
        else await expect(features.meta()).rejects.toMatchObject({ code });
      }
    });
  });

  it('are not said to be missing for a user when Redis lost everything since the last look', async () => {
    await publish();
    const { features } = await open();
    expect(await features.meta()).not.toBeNull();
    await writer.flushdb();
    await expect(features.read('a')).rejects.toMatchObject({ code: 'NO_FEATURES' });
  });

  it('are not said to be missing for a user where some were lost, unless a sync is at work', async () => {
    await publish({ users: 2 });
    await put('a');
    const { features } = await open();
    const lost = expect.objectContaining({ code: 'NO_FEATURES' });
    await expect(features.read('b')).rejects.toEqual(lost);
    expect(await features.readMany(['a', 'b'])).toEqual([testVector('a'), lost]);
    expect(await features.read('a')).toEqual(testVector('a'));
    const next = { feature_time: '2024-06-02T00:00:00.000000Z', revision: 1 };
    await writer.set(onlineKeys.target, JSON.stringify(next));
    expect(await features.read('b')).toBeNull();
    await writer.del(onlineKeys.target);
    await put('b');
    expect(await features.read('c')).toBeNull();
  });

  it('are served again at once when what was wrong is right', async () => {
    const { features } = await open();
    await expect(features.read('a')).rejects.toMatchObject({ code: 'NO_FEATURES' });
    await publish();
    await put('a');
    expect(await features.read('a')).toEqual(testVector('a'));
  });

  it('are not those of an installation while the one that asks has no data', async () => {
    installation = undefined;
    await publish();
    await put('a');
    const { features } = await open();
    await expect(features.read('a')).rejects.toMatchObject({ code: 'INSTALLATION_MISMATCH' });
  });

  it('are of an installation that got its id after they were opened', async () => {
    installation = undefined;
    const { features } = await open();
    await expect(features.read('a')).rejects.toMatchObject({ code: 'NO_FEATURES' });
    installation = 'installation-1';
    await publish();
    await put('a');
    expect(await features.read('a')).not.toBeNull();
  });

  it('are looked at by themselves', async () => {
    await publish();
    await put('a');
    const { features } = await open({ lookEveryMs: 10 });
    expect(await features.read('a')).not.toBeNull();
    await publish({ installation_id: 'another' });
    await expect(untilRefused(features)).resolves.toMatchObject({ code: 'INSTALLATION_MISMATCH' });
  });

  async function untilRefused(features: OnlineReader): Promise<unknown> {
    for (;;) {
      try {
        await features.read('a');
      } catch (error) {
        return error;
      }
    }
  }

  it('are looked at before anything is read over a new connection', async () => {
    await publish();
    await put('a');
    const { features, redis } = await open();
    expect(await features.read('a')).not.toBeNull();
    // While the connection is cut, the Redis behind it becomes another one.
    await publish({ installation_id: 'another' });
    const ready = nextEvent(redis, 'ready');
    proxy.cut();
    await ready;
    await expect(features.read('a')).rejects.toMatchObject({ code: 'INSTALLATION_MISMATCH' });
  });

  it('that are asked for when the connection is cut are not read over the next one', async () => {
    await publish();
    await put('a');
    const { features, redis } = await open();
    expect(await features.read('a')).not.toBeNull();
    proxy.silence();
    const asked = features.read('a');
    const refused = expect(asked).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await new Promise(setImmediate);
    const ready = nextEvent(redis, 'ready');
    proxy.cut();
    proxy.speak();
    await refused;
    await ready;
  });

  describe('of which one is damaged', () => {
    const wrongType = async (userId: string) => {
      await writer.del(vectorKey(userId));
      await writer.hset(vectorKey(userId), 'no', 'text');
    };
    const later = { feature_time: '9999-01-01T00:00:00.000000Z' };

    it.each<[string, string, (userId: string) => Promise<unknown>]>([
      ['garbage', 'CORRUPT_VECTOR', (id) => writer.set(vectorKey(id), '{"features"')],
      ['a changed value', 'CORRUPT_VECTOR', (id) => put(id, { vector_hash: '0'.repeat(16) })],
      ['of another user', 'CORRUPT_VECTOR', (id) => put(id, { user_id: 'a' })],
      ['of a later partition than any', 'CORRUPT_VECTOR', (id) => put(id, later)],
      ['of another type', 'CORRUPT_ONLINE_KEY', wrongType],
    ])('%s: answer for all others', async (_what, code, damage) => {
      await publish();
      await put('a');
      await put('b');
      const { features } = await open();
      await damage('b');
      await expect(features.read('b')).rejects.toMatchObject({ code });
      expect(await features.readMany(['a', 'b', 'nobody'])).toEqual([
        testVector('a'),
        expect.objectContaining({ code }),
        null,
      ]);
    });
  });

  it('are those of a sync that has begun, also when it began since the last look', async () => {
    await publish();
    const { features } = await open();
    expect(await features.meta()).not.toBeNull();
    const next = { feature_time: '2024-06-02T00:00:00.000000Z', revision: 1 };
    await writer.set(onlineKeys.target, JSON.stringify(next));
    await put('a', next);
    expect(await features.read('a')).toMatchObject(next);
    expect(await features.readMany(['a'])).toMatchObject([next]);
  });

  describe('of a Redis that hangs', () => {
    it('are refused within the deadline, then at once, and served when it answers again', async () => {
      await publish();
      await put('a');
      const { features } = await open({ deadlineMs: 100, lookEveryMs: 100 });
      expect(await features.read('a')).not.toBeNull();
      proxy.silence();
      const began = performance.now();
      await expect(untilRefused(features)).resolves.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      await expect(features.readMany(['a'])).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      await expect(features.read('nobody')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      await expect(features.meta()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      // Far more than it takes: what fails here would wait for ever.
      expect(performance.now() - began).toBeLessThan(5_000);
      proxy.speak();
      await expect(untilServed(features)).resolves.toEqual(testVector('a'));
    });

    it('are asked for over a new connection when the old one stays silent', async () => {
      await publish();
      await put('a');
      const { features, redis } = await open({ deadlineMs: 20, lookEveryMs: 20 });
      expect(await features.read('a')).not.toBeNull();
      const closed = nextEvent(redis, 'close');
      proxy.silence();
      await closed;
      proxy.cut();
      proxy.speak();
      await expect(untilServed(features)).resolves.toEqual(testVector('a'));
    });

    it('are asked for over a new connection when Redis accepts one and says nothing', async () => {
      await publish();
      await put('a');
      proxy.silence();
      const redis = openRedisForServing(proxy.url);
      const features = readerOf(redis, { deadlineMs: 20, lookEveryMs: 20 });
      await nextEvent(redis, 'close');
      await expect(features.read('a')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      proxy.cut();
      proxy.speak();
      await expect(untilServed(features)).resolves.toEqual(testVector('a'));
    });

    async function untilServed(features: OnlineReader): Promise<unknown> {
      for (;;) {
        const vector = await features.read('a').catch(() => undefined);
        if (vector) return vector;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  });
});

/** Unlike `once` of node:events it takes an error for no answer. */
function nextEvent(redis: Redis, event: 'ready' | 'close'): Promise<void> {
  return new Promise((resolve) => redis.once(event, () => resolve()));
}
