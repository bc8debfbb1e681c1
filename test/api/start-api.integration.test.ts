import dns from 'node:dns';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import path from 'node:path';
import type { Redis } from 'ioredis';
import request from 'supertest';
import type { ApiApplication, ChampionRegistry, PredictionStore } from '../../api/ports';
import { startApi, type StartApiOptions } from '../../api/start-api';
import { ChurnError } from '../../packages/contracts/errors';
import { openDatabase, type Database } from '../../packages/database/open-database';
import { onlineKeys, vectorKey } from '../../packages/online-store/online-keys';
import { openRedisForServing } from '../../packages/online-store/open-redis';
import { readMeta, readVector } from '../../packages/online-store/read-online';
import { insertPredictions } from '../../packages/application/api-application';
import { createScratchDirectory } from '../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../environment/test-database';
import { createTestRedis } from '../environment/test-redis';
import { fakePorts, meta, modelOf, NOW, silentLogger, vectorOf } from './test-api';

const loopback: dns.LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The store as the platform makes it, over any database. */
function storeIn(database: Database): PredictionStore {
  return { insertPredictions: (rows) => insertPredictions({ database }, rows) };
}

describe('the API process', () => {
  let scratch: ReturnType<typeof createScratchDirectory>;
  let database: TestDatabase;
  let writer: Redis;
  let reader: Redis;

  beforeAll(async () => {
    scratch = createScratchDirectory();
    database = await createTestDatabase();
    const { redis, url } = await createTestRedis();
    writer = redis;
    reader = openRedisForServing(url);
    await once(reader, 'ready');
    await writer.set(vectorKey('u1'), JSON.stringify(vectorOf('u1')));
    await writer.set(onlineKeys.meta, JSON.stringify(meta));
  });
  afterAll(async () => {
    reader.disconnect();
    writer.disconnect();
    await database.drop();
    scratch.remove();
  });

  const registry: ChampionRegistry = {
    champion: async () => ({ version: 'v001', event: 2 }),
    publish: async () => {},
    load: async (version) => modelOf(version),
  };

  async function start(changes: Partial<ApiApplication>, options: Partial<StartApiOptions> = {}) {
    const { servingModel: _model, predictionLog: _log, ...ports } = fakePorts();
    let isClosed = false;
    const application: ApiApplication = {
      ...ports,
      onlineFeatures: {
        read: (userId) => readVector(reader, userId),
        readMany: (userIds) => Promise.all(userIds.map((id) => readVector(reader, id))),
        meta: () => readMeta(reader),
      },
      championRegistry: registry,
      predictionStore: storeIn(database),
      close: async () => void (isClosed = true),
      ...changes,
    };
    const api = await startApi(application, {
      host: '127.0.0.1',
      allowedHosts: [],
      port: 0,
      logsDir: scratch.path,
      spoolDiskPercent: 100,
      staleAfterHours: 48,
      logger: silentLogger,
      now: () => NOW,
      // Long enough that only a shutdown can have written.
      predictionLog: { intervalMs: 3_600_000, insertTimeoutMs: 2_000 },
      ...options,
    });
    return { ...api, isApplicationClosed: () => isClosed };
  }

  const spooledFiles = () =>
    readdirSync(path.join(scratch.path, 'predictions-spool')).filter((name) =>
      name.endsWith('.jsonl'),
    );

  const loggedIds = async () => {
    const rows = await database.sql<
      { id: string }[]
    >`select prediction_id as id from ops.predictions`;
    return rows.map(({ id }) => id);
  };

  it('logs what it answered when it shuts down, then closes the platform', async () => {
    const { app, url, isApplicationClosed } = await start({});
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { body } = await request(url).post('/predict').send({ user_id: 'u1' }).expect(200);
    expect(isApplicationClosed()).toBe(false);
    await app.close();
    expect(await loggedIds()).toContain(body.prediction_id);
    expect(isApplicationClosed()).toBe(true);
    expect(spooledFiles()).toEqual([]);
  });

  it('answers by the names that are allowed, as Prometheus asks in the network of Compose', async () => {
    const { app, url } = await start({}, { host: '127.0.0.1', allowedHosts: ['api'] });
    await request(url).get('/metrics').set('host', 'api:3000').expect(200);
    await request(url).get('/metrics').set('host', 'worker:3000').expect(403);
    await app.close();
  });

  it('listens on one address of localhost: the shutdown would not wait for another server', async () => {
    // As on a machine where it has two: Fastify asks for all of them.
    const found = (name: string) =>
      name === 'localhost' ? loopback : [{ address: name, family: isIP(name) }];
    const lookUp = jest
      .spyOn(dns, 'lookup')
      .mockImplementation(((
        name: string,
        _options: dns.LookupAllOptions,
        done: (error: null, addresses: dns.LookupAddress[]) => void,
      ) => done(null, found(name))) as unknown as typeof dns.lookup);
    try {
      const { app, url } = await start({}, { host: 'localhost' });
      expect(app.getHttpAdapter().getInstance().addresses()).toHaveLength(1);
      await request(url).get('/health/live').expect(200);
      await app.close();
    } finally {
      lookUp.mockRestore();
    }
  });

  it('answers with Postgres and Temporal down, spools its log, and writes it at the next start', async () => {
    const down = async (): Promise<never> => {
      throw new ChurnError('TEMPORAL_UNAVAILABLE');
    };
    const nobody = openDatabase('postgres://nobody@127.0.0.1:1/nothing');
    const first = await start({
      predictionStore: storeIn(nobody),
      probes: {
        redis: async () => {},
        postgres: () => nobody.sql`select 1`.then(),
        temporal: down,
      },
    });
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const { body } = await request(first.url)
        .post('/predict')
        .send({ user_id: 'u1' })
        .expect(200);
      ids.push(body.prediction_id);
    }
    await request(first.url).get('/health/ready').expect(200);
    const { body: health } = await request(first.url).get('/health').expect(200);
    expect(health).toMatchObject({
      status: 'degraded',
      parts: {
        postgres: { status: 'down' },
        temporal: { status: 'down' },
        redis: { status: 'up' },
      },
    });
    await first.app.close();
    await nobody.close();
    expect(spooledFiles()).toHaveLength(1);

    const second = await start({});
    while (spooledFiles().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await second.app.close();
    expect(await loggedIds()).toEqual(expect.arrayContaining(ids));
  });

  it('logs to Postgres, and shuts down, where nothing can be written below the data directory', async () => {
    const file = path.join(scratch.path, 'a-file');
    writeFileSync(file, '');
    const { app, url } = await start({}, { logsDir: path.join(file, 'logs') });
    const { body } = await request(url).post('/predict').send({ user_id: 'u1' }).expect(200);
    const { body: health } = await request(url).get('/health').expect(200);
    expect(health.parts.prediction_log.spool).toEqual({
      status: 'down',
      code: 'STORAGE_UNAVAILABLE',
    });
    await app.close();
    expect(await loggedIds()).toContain(body.prediction_id);
  });

  it('starts without a champion and without Redis, and says so', async () => {
    const nobodyListens = openRedisForServing('redis://127.0.0.1:1');
    const { app, url } = await start({
      championRegistry: { ...registry, champion: async () => ({ version: null, event: 0 }) },
      probes: {
        ...fakePorts().probes,
        redis: async () => void (await nobodyListens.ping()),
      },
    });
    const { body } = await request(url).get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'degraded',
      parts: { redis: { status: 'down' }, model: { status: 'none' } },
    });
    await request(url).get('/health/live').expect(200);
    await request(url).get('/health/ready').expect(503);
    await app.close();
    nobodyListens.disconnect();
  });

  it('shuts down in time, and logs what it answered, with clients that never finish', async () => {
    const { app, url } = await start({}, { drainMs: 50 });
    const { port } = new URL(url);
    const { body } = await request(url).post('/predict').send({ user_id: 'u1' }).expect(200);
    const head = 'POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';
    const begun = ['', 'POST /pre', `${head}content-length: 30\r\n\r\n{"user`, `${head}x-slow: `];
    const clients = begun.map((text) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => {});
      return { socket, text };
    });
    for (const { socket, text } of clients) {
      await once(socket, 'connect');
      socket.write(text);
    }
    // Answered, so the others were read before.
    await request(url).get('/health/live').expect(200);
    const cut = Promise.all(clients.map(({ socket }) => once(socket, 'close')));
    await app.close();
    await cut;
    expect(await loggedIds()).toContain(body.prediction_id);
  });

  it('finishes a request under way before it shuts down', async () => {
    let release = () => {};
    const reached = new Promise<void>((resolve) => {
      release = resolve;
    });
    let answer = (_report: Record<string, unknown>) => {};
    const { app, url } = await start({
      drift: {
        read: () => {
          release();
          return new Promise((resolve) => (answer = resolve));
        },
      },
    });
    const response = request(url)
      .get('/drift')
      .then((answered) => answered);
    await reached;
    const closed = app.close();
    answer({ date: '2026-03-01' });
    expect((await response).body).toEqual({ date: '2026-03-01' });
    await closed;
  });
});
