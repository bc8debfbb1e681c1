import { once } from 'node:events';
import { loadConfig } from '../../../packages/config/load-config';
import type { ChurnError } from '../../../packages/contracts/errors';
import { asDatabaseError, openDatabase } from '../../../packages/database/open-database';
import { postgresRecipe } from '../../../packages/local-services/services/postgres';
import { redisRecipe } from '../../../packages/local-services/services/redis';
import {
  openRedisForServing,
  openRedisForWriting,
} from '../../../packages/online-store/open-redis';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestAuthority, type CertificateFiles } from '../../environment/test-certificates';
import { withParameters } from '../../support/with-parameters';
import { startPostgresWithTls, startRedisWithTls } from './servers-with-tls';
import { createInstallation, disposeInstallations } from './stack-fixture';

const scratch = createScratchDirectory();
const authority = createTestAuthority(scratch.path, 'authority');
const others = createTestAuthority(scratch.path, 'others');
const server = authority.sign('server', ['IP:127.0.0.1']);
const nameless = authority.sign('nameless', ['DNS:elsewhere']);
const client = authority.sign('client');
const stranger = others.sign('stranger');

afterAll(async () => {
  await disposeInstallations();
  scratch.remove();
});

type Parameters = Readonly<Record<string, string>>;

async function refusalOf(
  recipe: typeof postgresRecipe,
  settings: Readonly<Record<string, string>>,
): Promise<ChurnError> {
  const config = loadConfig({ CHURN_DATA_DIR: scratch.path, ...settings });
  try {
    await recipe.requireExternal!({ config } as never);
  } catch (error) {
    return error as ChurnError;
  }
  throw new Error('accepted');
}

describe('a Postgres that asks for TLS and a client certificate', () => {
  let url: string;
  const parameters = (): Parameters => ({
    sslmode: 'verify-full',
    sslrootcert: authority.cert,
    sslcert: client.cert,
    sslkey: client.key,
  });

  beforeAll(async () => {
    const { config } = createInstallation();
    const tls = { server, clientAuthority: authority.cert };
    ({ url } = await startPostgresWithTls(config, tls));
  });

  it.each(['verify-full', 'verify-ca', 'require', ''])('is used with sslmode=%s', async (mode) => {
    const database = openDatabase(withParameters(url, { ...parameters(), sslmode: mode }));
    const asked = (sql: typeof database.sql) => sql`select ssl from pg_stat_ssl
      where pid = pg_backend_pid()`;
    expect(await asked(database.sql)).toEqual([{ ssl: true }]);
    expect(await database.sql.begin((tx) => asked(tx as never))).toEqual([{ ssl: true }]);
    await database.close();
  });

  it.each<[string, RegExp, Parameters]>([
    ['another authority', /not signed by an authority/, { sslrootcert: others.cert }],
    ['no authority', /not signed by an authority/, { sslrootcert: '' }],
    ['no client certificate', /client certificate/, { sslcert: '', sslkey: '' }],
    [
      "a stranger's client certificate",
      /client certificate/,
      { sslcert: stranger.cert, sslkey: stranger.key },
    ],
    ['no TLS', /sslmode/, { sslmode: 'disable' }],
    ['the key of another certificate', /sslkey: it is not the key/, { sslkey: stranger.key }],
    ['a file that is not there', /sslrootcert: the file/, { sslrootcert: '/nowhere/hunter2' }],
    ['an unknown mode', /sslmode must be one of/, { sslmode: 'hunter2' }],
    ['a parameter that is not supported', /sslcrl is not supported/, { sslcrl: '/hunter2' }],
  ])('refuses %s', async (_, problem, changed) => {
    const wrong = withParameters(url, { ...parameters(), ...changed });
    const error = await refusalOf(postgresRecipe, { DATABASE_URL: wrong });
    expect(error).toMatchObject({
      code: 'INVALID_SETTING',
      details: { variable: 'DATABASE_URL', problem: expect.stringMatching(problem) as string },
    });
    expect(error.message).not.toMatch(/hunter2|:\/\//);
  });

  it('is POSTGRES_UNAVAILABLE to queries that can not trust it', async () => {
    const database = openDatabase(
      withParameters(url, { ...parameters(), sslrootcert: others.cert }),
    );
    const error: unknown = await database.sql`select 1`.catch(asDatabaseError);
    expect(error).toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    await database.close();
  });
});

describe('a Redis that asks for TLS and a client certificate', () => {
  const running: { stop(): Promise<void> }[] = [];
  let url: string;
  let namelessUrl: string;
  const parameters = (): Parameters => ({
    cacert: authority.cert,
    cert: client.cert,
    key: client.key,
  });

  beforeAll(async () => {
    const start = async (certificate: CertificateFiles) => {
      const tls = { server: certificate, clientAuthority: authority.cert };
      const redis = await startRedisWithTls(scratch.path, tls);
      running.push(redis);
      return redis.url;
    };
    url = await start(server);
    namelessUrl = await start(nameless);
  });

  afterAll(async () => {
    for (const redis of running) await redis.stop();
  });

  it('is used, for reading and writing', async () => {
    const good = withParameters(url, parameters());
    const writing = openRedisForWriting(good);
    await writing.set('key', 'value');
    writing.disconnect();
    const serving = openRedisForServing(good);
    await once(serving, 'ready');
    expect(await serving.get('key')).toBe('value');
    serving.disconnect();
  });

  it('is used under the name of its certificate', async () => {
    const redis = openRedisForWriting(
      withParameters(namelessUrl, { ...parameters(), sni: 'elsewhere' }),
    );
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  });

  it.each<[string, RegExp, () => string, Parameters]>([
    ['another authority', /not signed by an authority/, () => url, { cacert: others.cert }],
    ['no authority', /not signed by an authority/, () => url, { cacert: '' }],
    ['another name', /for other names/, () => namelessUrl, {}],
    ['no client certificate', /client certificate/, () => url, { cert: '', key: '' }],
    [
      "a stranger's client certificate",
      /client certificate/,
      () => url,
      { cert: stranger.cert, key: stranger.key },
    ],
    ['a certificate without its key', /key: it must be given/, () => url, { key: '' }],
    ['certificates without TLS', /needs a URL that starts/, () => url.replace('ss:', 's:'), {}],
    [
      'no TLS',
      /expects TLS, so the URL must start with rediss/,
      () => url.replace('ss:', 's:'),
      { cacert: '', cert: '', key: '' },
    ],
    [
      'TLS where the server has none',
      /does not use TLS/,
      () => process.env.TEST_REDIS_URL!.replace('redis:', 'rediss:'),
      {},
    ],
  ])('refuses %s', async (_, problem, address, changed) => {
    const wrong = withParameters(address(), { ...parameters(), ...changed });
    expect(await refusalOf(redisRecipe, { REDIS_URL: wrong })).toMatchObject({
      code: 'INVALID_SETTING',
      details: { variable: 'REDIS_URL', problem: expect.stringMatching(problem) as string },
    });
  });
});
