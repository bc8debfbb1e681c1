import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dataPaths } from '../../../packages/config/data-paths';
import { loadConfig } from '../../../packages/config/load-config';
import { resolveConnections } from '../../../packages/local-services/connections';
import { DATA_LAYOUT } from '../../../packages/local-services/data-layout/earlier-release';
import { serviceNames } from '../../../packages/local-services/service-names';
import { readyWorkers } from '../../../packages/local-services/processes/ready-workers';
import { stackStatus } from '../../../packages/local-services/stack-status';
import { startStack } from '../../../packages/local-services/start-stack';
import { stopStack } from '../../../packages/local-services/stop-stack';
import { readStackState, writeStackState } from '../../../packages/local-services/state-file';
import { createInstallation, disposeInstallations, service } from './stack-fixture';

const build = path.resolve(__dirname, '../../../dist/worker/main.js');

/** Takes the worker and the API from dist/: `make test` builds before it tests. */
describe('the whole stack', () => {
  const { config } = createInstallation({ CHURN_LOG_LEVEL: 'error' });
  const start = () => startStack({ config, env: { ...process.env, CHURN_LOG_LEVEL: 'error' } });

  beforeAll(async () => {
    if (!existsSync(build)) throw new Error('dist/ is not built: run `make setup`');
    await start();
  });
  afterAll(disposeInstallations);

  test('is five services that run', async () => {
    const status = await stackStatus({ config });

    expect(status.services.map((each) => [each.name, each.status])).toEqual(
      serviceNames.map((name) => [name, 'running']),
    );
    expect(service(status, 'api').url).toBe(resolveConnections(config).apiUrl);
    expect(service(status, 'worker').url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  });

  test('the API answers on its URL', async () => {
    const response = await fetch(`${resolveConnections(config).apiUrl}/health/live`);

    expect(response.status).toBe(200);
  });

  test('the API measures the process it runs in', async () => {
    const response = await fetch(`${resolveConnections(config).apiUrl}/metrics`);

    expect(await response.text()).toContain('churn_api_nodejs_gc_duration_seconds');
  });

  test('a worker that was killed is stopped, and started by the next start', async () => {
    const before = await stackStatus({ config });
    process.kill(service(before, 'worker').pid!, 'SIGKILL');

    const after = await start();

    expect(service(after, 'worker').status).toBe('running');
    expect(service(after, 'worker').pid).not.toBe(service(before, 'worker').pid);
    expect(service(after, 'api')).toEqual(service(before, 'api'));
  });

  test('other settings restart the worker and the API, and leave the servers alone', async () => {
    const before = await stackStatus({ config });

    const after = await startStack({
      config: loadConfig({ CHURN_DATA_DIR: config.dataDir, CHURN_LOG_LEVEL: 'warn' }),
      env: { ...process.env, CHURN_LOG_LEVEL: 'warn' },
    });

    for (const name of serviceNames) {
      const isSame = service(after, name).pid === service(before, name).pid;
      expect([name, isSame]).toEqual([name, name !== 'worker' && name !== 'api']);
    }
  });

  describe('with the files and a worker of an earlier release', () => {
    const paths = dataPaths(config.dataDir);

    /** A release that had no number for its layout recorded none. */
    function putBack(): void {
      mkdirSync(paths.formerFeatureRevisions, { recursive: true });
      const state = readStackState(paths.run);
      const worker = {
        ...state.worker!,
        fingerprint: state.worker!.fingerprint!.replace(/^\d+-/, ''),
      };
      writeStackState(paths.run, { ...state, worker });
    }

    test('refuses to start the servers alone, because the worker would go on', async () => {
      putBack();
      const started = startStack({ config, services: ['postgres', 'redis', 'temporal'] });
      await expect(started).rejects.toMatchObject({ code: 'EARLIER_RELEASE_RUNNING' });
      expect(existsSync(paths.formerFeatureRevisions)).toBe(true);
    });

    test('ends the worker, moves the files and starts one of this release', async () => {
      const before = await stackStatus({ config });

      const after = await start();

      expect(existsSync(paths.formerFeatureRevisions)).toBe(false);
      expect(existsSync(paths.featureRevisions)).toBe(true);
      expect(service(after, 'worker')).toMatchObject({ status: 'running' });
      expect(service(after, 'worker').pid).not.toBe(service(before, 'worker').pid);
      const { pid } = service(after, 'worker');
      expect(readyWorkers(paths)).toMatchObject([{ pid, data_layout: DATA_LAYOUT }]);
    });
  });

  test('all of it runs again after all of it was killed, if it is supervised', async () => {
    const env = { ...process.env, CHURN_LOG_LEVEL: 'error' };
    const before = await startStack({ config, env, isSupervised: true });
    for (const { pid } of before.services) process.kill(pid!, 'SIGKILL');

    for (const name of serviceNames) {
      for (;;) {
        const { pid, status, restarts } = service(await stackStatus({ config }), name);
        if (restarts && status === 'running' && pid !== service(before, name).pid) break;
        await delay(100);
      }
    }

    expect((await stackStatus({ config })).supervisor).toEqual(before.supervisor);
  });

  test('stops as a whole', async () => {
    const { services, supervisor } = await stopStack({ config });

    expect(supervisor).toEqual({ status: 'stopped', pid: null });
    expect(services.map(({ status }) => status)).toEqual(Array(5).fill('stopped'));
  });
});
