import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { dataPaths, type DataPaths } from '../../../../packages/config/data-paths';
import { loadConfig } from '../../../../packages/config/load-config';
import { startStack } from '../../../../packages/local-services/start-stack';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../../environment/test-database';
import { createTestRedis } from '../../../environment/test-redis';
import { catalogueMessage } from '../../../support/catalogue-message';

const REDIS_KEY = 'churn:online:installation';
const [OURS, THEIRS] = [randomUUID(), randomUUID()];

describe('the servers of a data directory', () => {
  const scratch = createScratchDirectory();
  let redis: Redis;
  let redisUrl: string;
  let database: TestDatabase;
  let directories = 0;

  beforeEach(async () => {
    ({ redis, url: redisUrl } = await createTestRedis());
    database = await createTestDatabase();
  });

  afterEach(async () => {
    redis.disconnect();
    await database.drop();
  });

  afterAll(() => scratch.remove());

  const emptyDirectory = () => dataPaths(path.join(scratch.path, String((directories += 1))));

  /** A directory with a partition and with these other files. */
  function fullDirectory(files: Readonly<Record<string, string>>): DataPaths {
    const paths = emptyDirectory();
    const all = { 'features/year=2024/month=01/day=01.parquet': 'PAR1', ...files };
    for (const [file, text] of Object.entries(all)) {
      mkdirSync(path.dirname(path.join(paths.root, file)), { recursive: true });
      writeFileSync(path.join(paths.root, file), text);
    }
    return paths;
  }

  const ours = () => fullDirectory({ 'installation.json': `{"id":"${OURS}"}\n` });
  const oursOfBefore = () => fullDirectory({ 'raw_log/_installation': `${OURS}\n` });
  const settingsOf = (paths: DataPaths) => ({
    CHURN_DATA_DIR: paths.root,
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS!,
  });
  const start = (paths: DataPaths) =>
    startStack({ config: loadConfig(settingsOf(paths)), services: ['postgres', 'redis'] });
  const idIn = (paths: DataPaths) =>
    (JSON.parse(readFileSync(paths.installation, 'utf8')) as { id: string }).id;
  const belongsTo = (id: string) =>
    database.sql`insert into ops.installation (id, currency) values (${id}, 'USD')`;

  /** Before the first migration: not even the schemas are there. */
  const dropSchemas = () => database.sql`drop schema ops, raw_data, drizzle cascade`;

  async function contentOfDatabase(): Promise<unknown> {
    const tables = await database.sql<{ name: string }[]>`
      select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema') order by 1`;
    const counts = tables.map(async ({ name }) => {
      const rows = await database.sql.unsafe(`select * from ${name}`);
      return [name, [...rows]];
    });
    return Promise.all(counts);
  }

  async function expectRefused(paths: DataPaths, error: object): Promise<void> {
    const before = await contentOfDatabase();
    await expect(start(paths)).rejects.toMatchObject(error);
    expect(await contentOfDatabase()).toEqual(before);
    expect(await redis.dbsize()).toBe(0);
  }

  describe.each([
    ['that says whose it is', ours],
    ['of an earlier release', oursOfBefore],
  ])('with a full directory %s', (_, directory) => {
    it.each([
      ['no tables', dropSchemas],
      ['no rows', () => Promise.resolve()],
    ])('are refused where the database has %s, and get none', async (_what, prepare) => {
      await prepare();
      const details = { content: `installation ${OURS}` };
      await expectRefused(directory(), { code: 'EMPTY_DATABASE', details });
    });

    it("are refused where the database is another installation's, which stays as it is", async () => {
      await belongsTo(THEIRS);
      const details = { store: 'Postgres', found: THEIRS, expected: OURS };
      await expectRefused(directory(), { code: 'INSTALLATION_MISMATCH', details });
    });

    it("are refused where Redis is another installation's, which stays as it is", async () => {
      await belongsTo(OURS);
      await redis.set(REDIS_KEY, THEIRS);
      const details = { store: 'Redis', found: THEIRS, expected: OURS };
      await expect(start(directory())).rejects.toMatchObject({
        code: 'INSTALLATION_MISMATCH',
        details,
      });
      expect(await redis.get(REDIS_KEY)).toBe(THEIRS);
    });

    it('may be a Redis that has lost its data, which is marked as theirs', async () => {
      await belongsTo(OURS);
      const paths = directory();
      await start(paths);
      await start(paths);
      expect(await redis.get(REDIS_KEY)).toBe(OURS);
      expect(idIn(paths)).toBe(OURS);
    });
  });

  it('are refused where the database holds amounts in another currency than the settings name', async () => {
    await belongsTo(OURS);
    const config = loadConfig({ ...settingsOf(ours()), CHURN_CURRENCY: 'EUR' });
    const startInEuros = () => startStack({ config, services: ['postgres', 'redis'] });
    await startInEuros();
    await database.sql`insert into raw_data.users values ('u', now(), 'free', null, now(), 1)`;
    await database.sql`
      insert into raw_data.billing_events values ('b', 'u', 'refund', 1, 'USD', now(), now(), 1)`;
    await expect(startInEuros()).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      details: {
        variable: 'CHURN_CURRENCY',
        problem: 'this installation already holds amounts in USD',
      },
    });
  });

  it('are refused, by the name of the key, where that of Redis is damaged', async () => {
    await belongsTo(OURS);
    await redis.hset(REDIS_KEY, 'id', OURS);
    await expect(start(ours())).rejects.toMatchObject({
      code: 'CORRUPT_ONLINE_KEY',
      details: { key: REDIS_KEY, type: 'hash' },
    });
  });

  it('may be a Redis that refuses to write, if it is theirs already', async () => {
    await belongsTo(OURS);
    await redis.set(REDIS_KEY, OURS);
    // The server is shared with other tests, so only this user is refused.
    const reader = `reader-${randomUUID()}`;
    await redis.acl('SETUSER', reader, 'on', '>secret', '~*', '+@read', '+@connection', '+info');
    const url = new URL(redisUrl);
    [url.username, url.password] = [reader, 'secret'];
    redisUrl = url.href;
    try {
      await start(ours());
    } finally {
      await redis.acl('DELUSER', reader);
    }
  });

  it('are refused where the directory says in a damaged file whose it is', async () => {
    await belongsTo(THEIRS);
    const details = { path: 'installation.json' };
    await expectRefused(fullDirectory({ 'installation.json': '{"id":' }), {
      code: 'CORRUPT_FILE',
      details,
    });
  });

  it('are refused where the database is empty and the directory has files of whomever', async () => {
    const paths = fullDirectory({ 'models/churn_model/v001/model.json': '{}' });
    const details = { content: 'features, models/churn_model' };
    await expectRefused(paths, { code: 'EMPTY_DATABASE', details });
  });

  it.each([
    ['is empty', emptyDirectory],
    ['does not say whose it is', () => fullDirectory({})],
  ])('give their id to a directory that %s', async (_, directory) => {
    await belongsTo(THEIRS);
    const paths = directory();
    await start(paths);
    expect(idIn(paths)).toBe(THEIRS);
  });

  it('are migrated, and no more, where all is new', async () => {
    await dropSchemas();
    const paths = emptyDirectory();
    await start(paths);
    expect(await database.sql`select * from ops.installation`).toHaveLength(0);
    expect(existsSync(paths.installation)).toBe(false);
    expect(await redis.dbsize()).toBe(0);
  });

  it("are refused where all is new but Redis is another installation's", async () => {
    await redis.set(REDIS_KEY, THEIRS);
    await expect(start(emptyDirectory())).rejects.toMatchObject({
      code: 'INSTALLATION_MISMATCH',
      details: { store: 'Redis', found: THEIRS },
    });
  });

  it('are not made anew where their own files are missing from a full directory', async () => {
    const paths = ours();
    const config = loadConfig({ CHURN_DATA_DIR: paths.root });
    await expect(startStack({ config, services: ['postgres'] })).rejects.toMatchObject({
      code: 'EMPTY_DATABASE',
    });
    expect(existsSync(paths.postgres)).toBe(false);
  });

  it('are checked in containers too, before the worker starts', async () => {
    await belongsTo(THEIRS);
    const root = path.join(__dirname, '../../../..');
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '-r',
        path.join(root, 'test/environment/typescript-require.cjs'),
        path.join(root, 'packages/local-services/prepare/main.ts'),
      ],
      { encoding: 'utf8', env: { ...process.env, ...settingsOf(ours()) } },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^INSTALLATION_MISMATCH: /);
    expect(stderr).toMatch(catalogueMessage('INSTALLATION_MISMATCH', { store: 'Postgres' }));
  });
});
