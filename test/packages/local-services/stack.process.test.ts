import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { dataPaths } from '../../../packages/config/data-paths';
import { loadConfig } from '../../../packages/config/load-config';
import type { ChurnError } from '../../../packages/contracts/errors';
import { asDatabaseError, openDatabase } from '../../../packages/database/open-database';
import { resolveConnections, type Connections } from '../../../packages/local-services/connections';
import type { ServiceName } from '../../../packages/local-services/service-names';
import { stackStatus } from '../../../packages/local-services/stack-status';
import { startStack } from '../../../packages/local-services/start-stack';
import { stopStack } from '../../../packages/local-services/stop-stack';
import { processIdentity } from '../../../packages/durable-files/process-identity';
import { readStackState, writeStackState } from '../../../packages/local-services/state-file';
import {
  createInstallation,
  disposeInstallations,
  endProcesses,
  fakeProgram,
  service,
  startIdleProcess,
} from './stack-fixture';
import { catalogueMessage } from '../../support/catalogue-message';

const servers: ServiceName[] = ['postgres', 'redis', 'temporal'];

describe('a stack of Postgres, Redis and Temporal', () => {
  const { config } = createInstallation();
  const start = (events: string[] = []) =>
    startStack({
      config,
      services: servers,
      onEvent: ({ service: name, kind }) => events.push(`${name} ${kind}`),
    });

  beforeAll(() => start());
  afterAll(disposeInstallations);

  test('reports each service as running, with a URL and a pid', async () => {
    const status = await stackStatus({ config });

    expect(status.services.map(({ name }) => name)).toEqual([...servers, 'worker', 'api']);
    for (const name of servers) {
      expect(service(status, name)).toEqual({
        name,
        status: 'running',
        url: expect.stringMatching(/^(postgres|redis|http):\/\/(churn@)?127\.0\.0\.1:\d+/),
        pid: expect.any(Number),
      });
    }
    expect(service(status, 'worker')).toEqual({
      name: 'worker',
      status: 'stopped',
      url: null,
      pid: null,
    });
  });

  test('the recorded pid of Postgres is the postmaster', async () => {
    const { pid } = service(await stackStatus({ config }), 'postgres');
    const pidFile = readFileSync(path.join(dataPaths(config.dataDir).postgres, 'postmaster.pid'));

    expect(pidFile.toString().split('\n')[0]).toBe(String(pid));
  });

  test('a second start starts nothing and is quick', async () => {
    const before = await stackStatus({ config });
    const events: string[] = [];
    const started = Date.now();

    const after = await start(events);

    expect(after).toEqual(before);
    expect(events.sort()).toEqual(servers.map((name) => `${name} already-running`).sort());
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  test('two starts at once start everything once', async () => {
    const [left, right] = await Promise.all([start(), start()]);

    expect(left).toEqual(right);
  });

  test('no password is in what is reported or in the arguments of a process', async () => {
    const connections = resolveConnections(config);
    const passwords = [connections.databaseUrl, connections.redisUrl].map(
      (url) => new URL(url).password,
    );
    const processes = execFileSync('ps', ['-ww', '-eo', 'args='], { encoding: 'utf8' });
    const shown = JSON.stringify(await stackStatus({ config }));

    for (const password of passwords) {
      expect(password).toMatch(/^[0-9a-f]{48}$/);
      expect(processes).not.toContain(password);
      expect(shown).not.toContain(password);
    }
  });

  test('the file with the passwords is for the owner only', () => {
    const { run } = dataPaths(config.dataDir);

    expect(statSync(run).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(run, 'stack.json')).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(run, 'redis.conf')).mode & 0o777).toBe(0o600);
  });

  test('Postgres and Redis refuse who has no password', async () => {
    const { databaseUrl, redisUrl } = resolveConnections(config);
    const sql = postgres(withPassword(databaseUrl, 'wrong'), { max: 1 });
    const redis = new Redis(withPassword(redisUrl, ''), { lazyConnect: true });
    redis.on('error', () => {});

    await expect(sql`select 1`).rejects.toThrow(/password authentication failed/);
    await expect(redis.ping()).rejects.toThrow(/NOAUTH/);

    redis.disconnect();
    await sql.end();
  });

  test('the database is migrated', async () => {
    const sql = postgres(resolveConnections(config).databaseUrl, { max: 1 });

    const [row] = await sql`select count(*)::int as tables from information_schema.tables
      where table_schema in ('raw_data', 'ops')`;

    expect(row!.tables).toBeGreaterThan(5);
    await sql.end();
  });

  test('data, addresses and passwords survive a stop and a start', async () => {
    const before = resolveConnections(config);
    const redis = new Redis(before.redisUrl);
    await redis.set('kept', 'yes');
    await redis.quit();

    const stopped = await stopStack({ config });
    expect(stopped.services.map(({ status }) => status)).toEqual(Array(5).fill('stopped'));
    expect(() => resolveConnections(config)).toThrow(catalogueMessage('STACK_NOT_RUNNING'));
    await start();

    expect(resolveConnections(config)).toEqual(before);
    const again = new Redis(before.redisUrl);
    expect(await again.get('kept')).toBe('yes');
    await again.quit();
  });

  test('a service that was killed is started again, the others are left alone', async () => {
    const before = await stackStatus({ config });
    process.kill(service(before, 'redis').pid!, 'SIGKILL');

    const after = await start();

    expect(service(after, 'redis').status).toBe('running');
    expect(service(after, 'redis').pid).not.toBe(service(before, 'redis').pid);
    expect(service(after, 'postgres')).toEqual(service(before, 'postgres'));
    expect(service(after, 'temporal')).toEqual(service(before, 'temporal'));
  });

  test('a Postgres that is killed during transactions ends no process, and is used again', async () => {
    const database = openDatabase(resolveConnections(config).databaseUrl);
    const computing = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 3e8)
      select count(*) from n`;
    for (const [count, query] of [
      [1, undefined],
      [1, computing],
      [12, 'select pg_sleep(3600)'],
    ] as const) {
      let end = () => {};
      const ended = new Promise<void>((resolve) => (end = resolve));
      const lost = Promise.allSettled(
        Array.from({ length: count }, () =>
          database.sql.begin(async (tx) => {
            await tx`select 1`;
            if (query) await tx.unsafe(query);
            await ended;
            await tx`select 2`;
          }),
        ),
      );
      const begun = () => database.sql`select from pg_stat_activity where xact_start < now()`;
      while ((await begun()).length < Math.min(count, 8));
      process.kill(service(await stackStatus({ config }), 'postgres').pid!, 'SIGKILL');
      await startStack({ config, services: ['postgres'] });
      end();
      for (const result of await lost) {
        expect(result).toMatchObject({ status: 'rejected' });
        const { reason } = result as PromiseRejectedResult;
        expect(asDatabaseError(reason)).toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
      }
      const answers = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) =>
          database.sql<{ n: number }[]>`select ${n}::integer as n`.then(([row]) => row!.n),
        ),
      );
      expect(answers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await database.sql.begin((tx) => tx`select 1 as one`)).toEqual([{ one: 1 }]);
    }
    await database.close();
  });

  test('a cluster whose password was lost gets a new one and keeps its data', async () => {
    const sql = postgres(resolveConnections(config).databaseUrl, { max: 1 });
    await sql`create table kept (value text)`;
    await sql.end();
    await stopStack({ config, services: ['postgres'] });
    const { run } = dataPaths(config.dataDir);
    const { postgres: _, ...others } = readStackState(run);
    writeStackState(run, others);

    await startStack({ config, services: ['postgres'] });

    const again = postgres(resolveConnections(config).databaseUrl, { max: 1 });
    expect(await again`select * from kept`).toHaveLength(0);
    await again.end();
  });

  test.each<[string, string, (urls: Connections) => Readonly<Record<string, string>>]>([
    [
      'DATABASE_URL',
      'password',
      ({ databaseUrl }) => ({ DATABASE_URL: withPassword(databaseUrl, 'bad') }),
    ],
    ['DATABASE_URL', 'database', ({ databaseUrl }) => ({ DATABASE_URL: `${databaseUrl}bad` })],
    ['REDIS_URL', 'password', ({ redisUrl }) => ({ REDIS_URL: withPassword(redisUrl, 'bad') })],
    ['REDIS_URL', 'password', ({ redisUrl }) => ({ REDIS_URL: withPassword(redisUrl, '') })],
    [
      'TEMPORAL_NAMESPACE',
      'namespace',
      ({ temporalAddress }) => ({ TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: 'bad' }),
    ],
  ])('that refuses what %s says names the setting and the %s', async (variable, what, settings) => {
    const other = createInstallation(settings(resolveConnections(config)));
    const name = { D: 'postgres', R: 'redis', T: 'temporal' }[variable[0]!] as ServiceName;

    const error = await startStack({ config: other.config, services: [name] }).catch(
      (thrown: unknown) => thrown as ChurnError,
    );

    expect(error).toMatchObject({ code: 'INVALID_SETTING', details: { variable } });
    expect((error as ChurnError).message).toContain(what);
    expect(inspect(error)).not.toMatch(/bad|:\/\//);
  });

  test('is only checked, not started, by who is given its addresses', async () => {
    const { databaseUrl, redisUrl, temporalAddress } = resolveConnections(config);
    const other = createInstallation({
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      TEMPORAL_ADDRESS: temporalAddress,
    });

    const status = await startStack({ config: other.config, services: servers });

    for (const name of servers) {
      expect(service(status, name)).toMatchObject({ status: 'external', pid: null });
    }
    expect(JSON.stringify(status)).not.toContain(new URL(databaseUrl).password);
    await other.dispose();
    expect(service(await stackStatus({ config }), 'postgres').status).toBe('running');
  });
});

describe('two data directories', () => {
  afterEach(disposeInstallations);

  test('are two independent installations', async () => {
    const left = createInstallation();
    const right = createInstallation();
    const both = [left, right];

    await Promise.all(both.map(({ config }) => startStack({ config, services: ['redis'] })));
    const [leftUrl, rightUrl] = await Promise.all(
      both.map(async ({ config }) => service(await stackStatus({ config }), 'redis').url),
    );
    expect(leftUrl).not.toBe(rightUrl);
    await stopStack({ config: left.config });

    expect(service(await stackStatus(left), 'redis').status).toBe('stopped');
    expect(service(await stackStatus(right), 'redis').status).toBe('running');
  });
});

describe('a start that can not succeed', () => {
  afterEach(disposeInstallations);

  test('names the variable of a port that is in use', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server
        .unref()
        .listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const { config } = createInstallation({ CHURN_TEMPORAL_UI_PORT: String(port) });

    await expect(startStack({ config, services: ['temporal'] })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { port, variable: 'CHURN_TEMPORAL_UI_PORT' },
    });

    server.close();
  });

  test('shows the end of the log of a program that gives up', async () => {
    const { config } = createInstallation();
    const folder = path.join(config.dataDir, '..', 'fake');
    const env = {
      ...process.env,
      PATH: `${fakeProgram(folder, 'redis-server', 'echo no luck today; exit 1')}:${process.env.PATH}`,
    };

    const started = startStack({ config, env, services: ['redis'] });

    await expect(started).rejects.toMatchObject({ code: 'SERVICE_FAILED_TO_START' });
    await expect(started).rejects.toThrow(/no luck today/);
    expect(service(await stackStatus({ config }), 'redis').status).toBe('stopped');
  });

  test('says what to do about a missing program', async () => {
    const { config } = createInstallation();
    const env = { PATH: '/nowhere', XDG_CACHE_HOME: path.join(config.dataDir, 'cache') };

    await expect(startStack({ config, env, services: ['redis'] })).rejects.toMatchObject({
      code: 'MISSING_TOOL',
      details: { tool: 'redis-server', remedy: expect.stringContaining('make setup') },
    });
  });

  test('says that an external service does not answer', async () => {
    const { config } = createInstallation({ REDIS_URL: 'redis://127.0.0.1:1' });

    await expect(startStack({ config, services: ['redis'] })).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
    });
    expect(service(await stackStatus({ config }), 'redis').status).toBe('unhealthy');
  });

  test('says that the data directory can not be written', async () => {
    const config = loadConfig({ CHURN_DATA_DIR: '/dev/null/data' });

    await expect(startStack({ config, services: ['redis'] })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
  });
});

describe('a pid that belongs to another process by now', () => {
  afterEach(disposeInstallations);
  afterEach(endProcesses);

  test('is neither taken for the service nor killed', async () => {
    const { config } = createInstallation();
    await startStack({ config, services: ['redis'] });
    await stopStack({ config });
    const { run } = dataPaths(config.dataDir);
    const { redis } = readStackState(run);
    const stranger = startIdleProcess();
    writeStackState(run, {
      redis: { ...redis!, pid: stranger.pid!, identity: 'of an earlier process' },
    });

    expect(service(await stackStatus({ config }), 'redis').status).toBe('stopped');
    await stopStack({ config });

    expect(processIdentity(stranger.pid!)).toBeDefined();
  });
});

function withPassword(address: string, password: string): string {
  const url = new URL(address);
  url.password = password;
  return url.href;
}
