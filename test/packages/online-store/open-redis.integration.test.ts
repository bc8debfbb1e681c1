import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  assertInstallation,
  claimInstallation,
} from '../../../packages/online-store/installation-id';
import {
  openRedisForServing,
  openRedisForWriting,
} from '../../../packages/online-store/open-redis';
import { readMeta, readVector } from '../../../packages/online-store/read-online';
import { createTestRedis } from '../../environment/test-redis';
import { testVector } from './vector-fixture';

describe('connections to Redis', () => {
  const open = [
    ['serving', openRedisForServing],
    ['writing', openRedisForWriting],
  ] as const;
  /** As a sync writes it. */
  const vector = testVector('a');

  it.each(open)(
    '%s: a Redis that is down is REDIS_UNAVAILABLE within two seconds',
    async (_, f) => {
      const redis = f(`redis://127.0.0.1:${await closedPort()}`);
      const started = performance.now();
      await expect(readVector(redis, 'a')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      await expect(claimInstallation(redis, 'i')).rejects.toMatchObject({
        code: 'REDIS_UNAVAILABLE',
      });
      expect(performance.now() - started).toBeLessThan(2_000);
      redis.disconnect();
    },
  );

  it.each(open)('%s: one to a Redis that is down keeps no process alive', async (_, f) => {
    const before = timersThatHold();
    const redis = f(`redis://127.0.0.1:${await closedPort()}`);
    await expect(readVector(redis, 'a')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    redis.disconnect();
    const closed = performance.now();
    while (timersThatHold() > before) await nextTurn();
    expect(performance.now() - closed).toBeLessThan(1_000);
  });

  it('writing: a Redis that hangs is REDIS_UNAVAILABLE after its timeout', async () => {
    // It reads and never answers: a socket that nobody reads would outlive its client.
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const redis = openRedisForWriting(`redis://127.0.0.1:${port}`, { commandTimeoutMs: 200 });
    await expect(readMeta(redis)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    redis.disconnect();
    silent.close();
  });

  it('writing: a Redis that refuses the password, or a command, names REDIS_URL', async () => {
    const { redis: admin, url } = await createTestRedis();
    const name = `reader-${process.pid}`;
    await admin.acl('SETUSER', name, 'on', '>right', '~*', '+@connection', '+info', '+get');
    const asUser = (password: string) => {
      const { host, pathname } = new URL(url);
      return openRedisForWriting(`redis://${name}:${password}@${host}${pathname}`);
    };
    const [stranger, reader] = [asUser('wrong'), asUser('right')];
    const refused = { code: 'REDIS_REFUSES_COMMANDS' };
    await expect(readMeta(stranger)).rejects.toMatchObject(refused);
    expect(await readMeta(reader)).toBeNull();
    await expect(claimInstallation(reader, 'i')).rejects.toMatchObject(refused);
    for (const redis of [stranger, reader]) redis.disconnect();
    await admin.acl('DELUSER', name);
    admin.disconnect();
  });

  it('serving: many reads of one turn are answered each with its own', async () => {
    const { redis: direct, url } = await createTestRedis();
    const redis = openRedisForServing(url);
    await new Promise((resolve) => redis.once('ready', resolve));
    await direct.set('user_features:a', JSON.stringify(vector));
    const reads = ['a', 'b', 'a'].map((userId) => readVector(redis, userId));
    expect(await Promise.all(reads)).toEqual([vector, null, vector]);
    redis.disconnect();
    direct.disconnect();
  });

  it('a key that holds something else is named', async () => {
    const { redis } = await createTestRedis();
    await redis.lpush('user_features:a', 'not a string');
    await expect(readVector(redis, 'a')).rejects.toMatchObject({
      code: 'CORRUPT_ONLINE_KEY',
      details: { key: 'user_features:a' },
    });
    await redis.flushdb();
    redis.disconnect();
  });

  it('a reader accepts its own installation and one nobody claimed, and no other', async () => {
    const { redis } = await createTestRedis();
    await assertInstallation(redis, 'mine');
    await claimInstallation(redis, 'mine');
    await assertInstallation(redis, 'mine');
    await expect(assertInstallation(redis, 'yours')).rejects.toMatchObject({
      code: 'INSTALLATION_MISMATCH',
    });
    await redis.flushdb();
    redis.disconnect();
  });
});

/** How many timers a process waits for before it ends. */
function timersThatHold(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
