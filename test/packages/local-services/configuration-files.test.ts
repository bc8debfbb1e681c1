import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { settingNames } from '../../../packages/config/load-config';
import { redisConfiguration } from '../../../packages/local-services/services/redis';

const root = path.resolve(__dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Compose {
  services: Record<
    string,
    { command?: string[]; environment?: Record<string, unknown>; ports?: string[] }
  >;
}

describe('.env.example', () => {
  const [settings = '', dockerOnly = ''] = read('.env.example').split('# For docker-compose only');
  const namesIn = (text: string) =>
    [...text.matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name!);

  test('lists exactly the settings there are', () => {
    expect(namesIn(settings).sort()).toEqual(settingNames);
  });

  test('explains each in a comment above it', () => {
    for (const name of namesIn(settings)) {
      expect(settings).toMatch(new RegExp(`^# .*\\n${name}=`, 'm'));
    }
  });

  test('lists what docker-compose.yml takes from outside', () => {
    const taken = new Set([...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map((m) => m[1]!));

    expect(namesIn(settings + dockerOnly)).toEqual(expect.arrayContaining([...taken]));
  });
});

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;

  test('follows the Compose format as this project uses it', () => {
    const check = () =>
      execFileSync(process.execPath, ['bin/check-compose.mjs'], { cwd: root, stdio: 'pipe' });

    expect(check).not.toThrow();
  });

  test('hands Temporal the dynamic configuration of the embedded stack', () => {
    const values = JSON.parse(read('temporal-config/dynamicconfig/development.json')) as Record<
      string,
      unknown
    >;
    const flags = Object.entries(values).map(
      ([key, value]) => `--dynamic-config-value=${key}=${JSON.stringify(value)}`,
    );

    expect(compose.services.temporal!.command).toEqual(expect.arrayContaining(flags));
  });

  test('takes every setting from outside, but those that containers can not have otherwise', () => {
    const fixed = [
      'CHURN_DATA_DIR', // The volume.
      'CHURN_IMPORT_DIR', // Needs a volume of its own, see docs/OPERATIONS.md.
      'CHURN_API_HOST', // Every address in the container, published on loopback only,
      'CHURN_API_PORT', // as CHURN_DOCKER_API_PORT.
      'CHURN_WORKER_METRICS_HOST', // Not published.
      'CHURN_WORKER_METRICS_PORT',
      'CHURN_TEMPORAL_UI_PORT', // Of the embedded Temporal; here CHURN_DOCKER_TEMPORAL_UI_PORT.
    ];
    const { worker, api } = compose.services;
    const given = { ...worker!.environment, ...api!.environment };
    const taken = settingNames.filter((name) => {
      const value = given[name];
      return typeof value === 'string' && value.includes(`\${${name}:`);
    });
    expect([...taken, ...fixed].sort()).toEqual([...settingNames].sort());
  });

  test('has the API answer by the name that it has in the network, whatever else is allowed', () => {
    const { api } = compose.services;

    expect(api!.environment!.CHURN_API_ALLOWED_HOSTS).toMatch(
      /^api\$\{CHURN_API_ALLOWED_HOSTS:\+,/,
    );
  });

  test('gives the worker and the API only settings that exist', () => {
    for (const name of ['worker', 'api']) {
      const given = Object.keys(compose.services[name]!.environment!);
      expect(settingNames).toEqual(expect.arrayContaining(given));
    }
  });
});

describe('the configuration of Redis', () => {
  test('is on loopback, with a password, durable, and quotes its folder', () => {
    const lines = redisConfiguration({
      port: 7_000,
      password: 'secret',
      directory: '/data/with a space',
    }).split('\n');

    expect(lines).toEqual(
      expect.arrayContaining([
        'bind 127.0.0.1',
        'port 7000',
        'requirepass secret',
        'appendonly yes',
        'dir "/data/with a space"',
      ]),
    );
  });
});
