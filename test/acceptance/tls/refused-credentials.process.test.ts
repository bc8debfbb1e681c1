import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { withParameters } from '../../support/with-parameters';
import type { SecureServers, Settings } from './open-secure-servers';
import { churn, run } from './real-processes';
import { isDeep } from '../../environment/depth';
import { itWhenDeep } from '../../environment/when-deep';

interface Wrong {
  readonly variable: string;
  readonly problem: RegExp;
  readonly changed: (servers: SecureServers) => Settings;
}

const untrusted = /not signed by an authority that is trusted here/;
const otherNames = /for other names/;
const clientCertificate = /client certificate/;
const password = /refuses its user name or password/;

const database = (servers: SecureServers, parameters: Settings): Settings => ({
  DATABASE_URL: withParameters(servers.settings.DATABASE_URL!, parameters),
});
const redis = (servers: SecureServers, parameters: Settings): Settings => ({
  REDIS_URL: withParameters(servers.settings.REDIS_URL!, parameters),
});
const elsewhere = (text = '') => text.replace('@127.0.0.1:', '@localhost:');
const otherPassword = (text = '') => text.replace(/:[^:@/]+@/, ':hunter2@');
const withoutTls = (text = '') => text.replace(/^rediss/, 'redis').replace(/\?.*$/, '');

/** What is said by `up`, `status`, and the worker and the API that are started all the same. */
const wrongs: Readonly<Record<string, Wrong>> = {
  'another authority of Postgres': {
    variable: 'DATABASE_URL',
    problem: untrusted,
    changed: (servers) => database(servers, { sslrootcert: servers.others }),
  },
  'another name of Postgres': {
    variable: 'DATABASE_URL',
    problem: otherNames,
    changed: ({ settings }) => ({ DATABASE_URL: elsewhere(settings.DATABASE_URL) }),
  },
  'no client certificate for Postgres': {
    variable: 'DATABASE_URL',
    problem: clientCertificate,
    changed: (servers) => database(servers, { sslcert: '', sslkey: '' }),
  },
  "a stranger's client certificate for Postgres": {
    variable: 'DATABASE_URL',
    problem: clientCertificate,
    changed: (servers) =>
      database(servers, { sslcert: servers.stranger.cert, sslkey: servers.stranger.key }),
  },
  'another password of Postgres': {
    variable: 'DATABASE_URL',
    problem: password,
    changed: ({ settings }) => ({ DATABASE_URL: otherPassword(settings.DATABASE_URL) }),
  },
  'no TLS for Postgres': {
    variable: 'DATABASE_URL',
    problem: /it may ask for TLS \(sslmode\)/,
    changed: ({ settings }) => ({ DATABASE_URL: withoutTls(settings.DATABASE_URL) }),
  },
  'another authority of Redis': {
    variable: 'REDIS_URL',
    problem: untrusted,
    changed: (servers) => redis(servers, { cacert: servers.others }),
  },
  'another name of Redis': {
    variable: 'REDIS_URL',
    problem: otherNames,
    changed: ({ settings }) => ({ REDIS_URL: elsewhere(settings.REDIS_URL) }),
  },
  'an expired certificate of Redis': {
    variable: 'REDIS_URL',
    problem: /has expired/,
    changed: ({ expired }) => ({ REDIS_URL: expired.REDIS_URL }),
  },
  'no client certificate for Redis': {
    variable: 'REDIS_URL',
    problem: clientCertificate,
    changed: (servers) => redis(servers, { cert: '', key: '' }),
  },
  "a stranger's client certificate for Redis": {
    variable: 'REDIS_URL',
    problem: clientCertificate,
    changed: (servers) =>
      redis(servers, { cert: servers.stranger.cert, key: servers.stranger.key }),
  },
  'another password of Redis': {
    variable: 'REDIS_URL',
    problem: password,
    changed: ({ settings }) => ({ REDIS_URL: otherPassword(settings.REDIS_URL) }),
  },
  'no TLS for Redis': {
    variable: 'REDIS_URL',
    problem: /expects TLS, so the URL must start with rediss/,
    changed: ({ settings }) => ({ REDIS_URL: withoutTls(settings.REDIS_URL) }),
  },
  'another authority of Temporal': {
    variable: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    problem: untrusted,
    changed: ({ others }) => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: others }),
  },
  'another name of Temporal': {
    variable: 'TEMPORAL_TLS_SERVER_NAME',
    problem: otherNames,
    changed: ({ settings }) => ({
      TEMPORAL_ADDRESS: settings.TEMPORAL_ADDRESS!.replace('127.0.0.1', 'localhost'),
    }),
  },
  'an expired certificate of Temporal': {
    variable: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    problem: /has expired/,
    changed: ({ expired }) => ({ TEMPORAL_ADDRESS: expired.TEMPORAL_ADDRESS }),
  },
  'no client certificate for Temporal': {
    variable: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    problem: clientCertificate,
    changed: () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' }),
  },
  "a stranger's client certificate for Temporal": {
    variable: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    problem: clientCertificate,
    changed: ({ stranger }) => ({
      TEMPORAL_TLS_CLIENT_CERT_PATH: stranger.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: stranger.key,
    }),
  },
  'another API key of Temporal': {
    variable: 'TEMPORAL_API_KEY',
    problem: /another API key/,
    changed: () => ({ TEMPORAL_API_KEY: 'hunter2' }),
  },
  'no API key of Temporal': {
    variable: 'TEMPORAL_API_KEY',
    problem: /another API key/,
    changed: () => ({ TEMPORAL_API_KEY: '' }),
  },
  'no TLS for Temporal': {
    variable: 'TEMPORAL_TLS',
    problem: /expects TLS/,
    changed: () => ({
      TEMPORAL_API_KEY: '',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: '',
      TEMPORAL_TLS_CLIENT_CERT_PATH: '',
      TEMPORAL_TLS_CLIENT_KEY_PATH: '',
    }),
  },
  'TLS where Temporal has none': {
    variable: 'TEMPORAL_TLS',
    problem: /does not use TLS/,
    changed: ({ plainTemporal }) => ({ TEMPORAL_ADDRESS: plainTemporal }),
  },
};

describe('servers that ask for TLS, client certificates and passwords', () => {
  let servers: SecureServers;
  let installations = 0;

  if (isDeep) {
    // Loaded here, it costs nothing where these tests do not run.
    beforeAll(async () => {
      const { openSecureServers } = await import('./open-secure-servers');
      servers = await openSecureServers();
    }, 120_000);
    afterAll(() => servers.close(), 60_000);
  }

  const installationWith = (changed: Settings): Settings => {
    const folder = path.join(servers.folder, `installation-${(installations += 1)}`);
    mkdirSync(folder);
    return { ...servers.settings, CHURN_DATA_DIR: folder, ...changed };
  };

  async function expectRefusal({ variable, problem }: Wrong, settings: Settings): Promise<void> {
    const sentence = new RegExp(`Setting ${variable} is not valid: .*${problem.source}`);
    const up = await churn(settings, 'up');
    expect([up.code, up.err]).toEqual([1, expect.stringMatching(sentence)]);
    expect(up.err).toContain('error INVALID_SETTING: ');
    const status = await churn(settings, 'status');
    expect([status.code, status.out]).toEqual([0, expect.stringMatching(sentence)]);
    const isTold = (said: string) => sentence.test(said);
    const worker = await run(['dist/worker/main.js'], settings, isTold);
    expect(worker.out + worker.err).toMatch(sentence);
    const isTemporal = variable.startsWith('TEMPORAL_');
    if (isTemporal) expect([worker.code, worker.err]).toEqual([1, expect.stringMatching(sentence)]);
    const api = isTemporal ? undefined : await run(['dist/api/main.js'], settings, isTold);
    if (api) expect(api.out + api.err).toMatch(sentence);
    const said = [up, status, worker, api].map((each) => (each ? each.out + each.err : ''));
    expect(said.join('\n')).not.toMatch(/hunter2|password-of-this-test|key-of-this-test/);
  }

  itWhenDeep.each(Object.entries(wrongs))(
    'refuse %s, and every process says which setting it is',
    async (_, wrong) => expectRefusal(wrong, installationWith(wrong.changed(servers))),
    120_000,
  );

  itWhenDeep(
    'refuse an expired certificate of Postgres, and every process says which setting it is',
    async () => {
      const wrong = { variable: 'DATABASE_URL', problem: /has expired/, changed: () => ({}) };
      await servers.withExpiredPostgres(() => expectRefusal(wrong, installationWith({})));
    },
    120_000,
  );
});
