import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { loadConfig, settingNames } from '../../../packages/config/load-config';
import type { ChurnError } from '../../../packages/contracts/errors';

function refusalOf(env: Record<string, string>): ChurnError {
  try {
    loadConfig(env);
  } catch (error) {
    return error as ChurnError;
  }
  throw new Error('accepted');
}

describe('the settings', () => {
  it('have defaults: an embedded stack on loopback, below .local', () => {
    expect(loadConfig({})).toEqual({
      dataDir: path.resolve('.local'),
      databaseUrl: undefined,
      cleanedMegabytesMax: 10_000,
      redisUrl: undefined,
      rejectedLimits: { warnPercent: 1, failPercent: 20 },
      temporal: { address: undefined, namespace: 'default', security: {}, uiPort: 0 },
      importDir: undefined,
      currency: 'USD',
      api: { host: '127.0.0.1', allowedHosts: [], port: 0, processes: 1 },
      workerMetrics: { host: '127.0.0.1', port: 0 },
      duckdb: { memoryMegabytes: 1024, threads: 2 },
      spoolDiskPercent: 90,
      staleAfterHours: 48,
      logLevel: 'info',
    });
  });

  it('take an empty variable as absent', () => {
    const empty = Object.fromEntries(settingNames.map((name) => [name, '']));
    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });

  it('ignore variables that are no settings', () => {
    expect(loadConfig({ CHURN_COLOUR: 'red', PATH: '/bin' })).toEqual(loadConfig({}));
  });

  it.each([
    ['CHURN_DATA_DIR', 'elsewhere', { dataDir: path.resolve('elsewhere') }],
    [
      'DATABASE_URL',
      'postgres://u:p@db:5432/churn',
      { databaseUrl: 'postgres://u:p@db:5432/churn' },
    ],
    [
      'DATABASE_URL',
      'postgresql://localhost/churn',
      { databaseUrl: 'postgresql://localhost/churn' },
    ],
    [
      'DATABASE_URL',
      'postgres://db/churn?sslmode=verify-full&sslrootcert=/etc/churn/ca.pem',
      { databaseUrl: 'postgres://db/churn?sslmode=verify-full&sslrootcert=/etc/churn/ca.pem' },
    ],
    [
      'REDIS_URL',
      'rediss://cache:6379?cacert=/etc/churn/ca.pem',
      { redisUrl: 'rediss://cache:6379?cacert=/etc/churn/ca.pem' },
    ],
    ['REDIS_URL', 'rediss://:p@cache:6379', { redisUrl: 'rediss://:p@cache:6379' }],
    ['TEMPORAL_ADDRESS', 'temporal:7233', { temporal: { address: 'temporal:7233' } }],
    ['TEMPORAL_NAMESPACE', 'churn.prod', { temporal: { namespace: 'churn.prod' } }],
    ['CHURN_IMPORT_DIR', 'in', { importDir: path.resolve('in') }],
    ['CHURN_CURRENCY', 'EUR', { currency: 'EUR' }],
    ['CHURN_CURRENCY', 'JPY', { currency: 'JPY' }],
    ['CHURN_API_HOST', '::1', { api: { host: '::1' } }],
    [
      'CHURN_API_ALLOWED_HOSTS',
      'api, churn.example.com,192.0.2.7,::1,[2001:db8::7]',
      { api: { allowedHosts: ['api', 'churn.example.com', '192.0.2.7', '::1', '[2001:db8::7]'] } },
    ],
    ['CHURN_API_PORT', '8080', { api: { port: 8080 } }],
    ['CHURN_API_PROCESSES', '64', { api: { processes: 64 } }],
    ['CHURN_WORKER_METRICS_HOST', '0.0.0.0', { workerMetrics: { host: '0.0.0.0' } }],
    ['CHURN_WORKER_METRICS_PORT', '9464', { workerMetrics: { port: 9464 } }],
    ['CHURN_TEMPORAL_UI_PORT', '8233', { temporal: { uiPort: 8233 } }],
    ['CHURN_DUCKDB_MEMORY_MB', '128', { duckdb: { memoryMegabytes: 128 } }],
    ['CHURN_DUCKDB_THREADS', '64', { duckdb: { threads: 64 } }],
    ['CHURN_STALE_AFTER_HOURS', '1', { staleAfterHours: 1 }],
    ['CHURN_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
  ])('take %s = %s', (name, value, expected) => {
    expect(loadConfig({ [name]: value })).toMatchObject(expected);
  });

  const refused: [string, string][] = [
    ['DATABASE_URL', 'mysql://user:hunter2@db/churn'],
    ['DATABASE_URL', 'hunter2'],
    ['REDIS_URL', 'http://:hunter2@cache'],
    ['TEMPORAL_ADDRESS', 'temporal'],
    ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
    ['TEMPORAL_NAMESPACE', 'two words'],
    ['TEMPORAL_API_KEY', 'hunter2 hunter2'],
    ['TEMPORAL_TLS', 'hunter2'],
    ['CHURN_CURRENCY', 'usd'],
    ['CHURN_CURRENCY', 'DOLLAR'],
    ['CHURN_CURRENCY', 'ABC'],
    ['CHURN_CURRENCY', 'XAU'],
    ['CHURN_API_HOST', 'a host'],
    ['CHURN_API_ALLOWED_HOSTS', 'api:3000'],
    ['CHURN_API_ALLOWED_HOSTS', 'http://api'],
    ['CHURN_API_ALLOWED_HOSTS', '*.example.com'],
    ['CHURN_API_ALLOWED_HOSTS', 'api,'],
    ['CHURN_API_ALLOWED_HOSTS', 'api worker'],
    ['CHURN_WORKER_METRICS_HOST', 'localhost'],
    ['CHURN_WORKER_METRICS_PORT', '65536'],
    ['CHURN_API_PORT', '65536'],
    ['CHURN_API_PORT', '-1'],
    ['CHURN_API_PORT', '80.5'],
    ['CHURN_API_PORT', 'eighty'],
    ['CHURN_API_PROCESSES', '0'],
    ['CHURN_API_PROCESSES', '65'],
    ['CHURN_API_PROCESSES', 'auto'],
    ['CHURN_TEMPORAL_UI_PORT', '0x50'],
    ['CHURN_DUCKDB_MEMORY_MB', '127'],
    ['CHURN_DUCKDB_THREADS', '0'],
    ['CHURN_DUCKDB_THREADS', '65'],
    ['CHURN_STALE_AFTER_HOURS', '0'],
    ['CHURN_LOG_LEVEL', 'loud'],
  ];

  it.each(refused)('refuse %s = %s, naming the variable and not the value', (name, value) => {
    const error = refusalOf({ [name]: value });
    expect(error).toMatchObject({ code: 'INVALID_SETTING', details: { variable: name } });
    expect(error.details.problem).toMatch(/^it must /);
    if (value.includes('hunter2')) expect(error.message).not.toContain('hunter2');
  });

  it('can not be changed', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true);
  });

  it('are named in order, each once', () => {
    expect([...settingNames]).toEqual([...new Set(settingNames)].sort());
    expect(settingNames).toHaveLength(33);
  });
});

describe('the folders of an installation', () => {
  it('all lie below its data directory, each apart from the others', () => {
    const { root, ...folders } = dataPaths('/data');
    expect(root).toBe('/data');
    const all = Object.values(folders);
    expect(all.filter((folder) => folder.startsWith('/data/'))).toEqual(all);
    expect(new Set(all).size).toBe(all.length);
  });
});
