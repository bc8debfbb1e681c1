import { appendFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dataPaths, type Config } from '../../../../packages/config';
import { isSameProcess, processIdentity } from '../../../../packages/durable-files';
import { LOG_BYTES_MAX } from '../../../../packages/local-services/processes/service-log';
import type { StackStatus } from '../../../../packages/local-services/service-names';
import { writeStackState } from '../../../../packages/local-services/state-file';
import { stackStatus } from '../../../../packages/local-services/stack-status';
import { startStack } from '../../../../packages/local-services/start-stack';
import { stopStack } from '../../../../packages/local-services/stop-stack';
import {
  supervise,
  type SupervisionEvent,
} from '../../../../packages/local-services/supervision/supervise';
import {
  readSupervisor,
  writeSupervisor,
} from '../../../../packages/local-services/supervision/supervisor-record';
import {
  createInstallation,
  disposeInstallations,
  endProcesses,
  fakeProgram,
  service,
  startIdleProcess,
} from '../stack-fixture';

afterEach(disposeInstallations);
afterEach(endProcesses);

const POLL_MILLIS = 20;

async function until(config: Config, isSo: (status: StackStatus) => boolean): Promise<StackStatus> {
  for (;;) {
    const status = await stackStatus({ config });
    if (isSo(status)) return status;
    await delay(POLL_MILLIS);
  }
}

const kill = (status: StackStatus) => process.kill(service(status, 'redis').pid!, 'SIGKILL');

describe('a stack that is supervised', () => {
  const start = (config: Config) => startStack({ config, services: ['redis'], isSupervised: true });

  it('starts again what was killed, and stops with the supervisor', async () => {
    const { config } = createInstallation();
    const before = await start(config);
    expect(before.supervisor).toEqual({ status: 'running', pid: expect.any(Number) });
    expect(service(before, 'redis')).not.toHaveProperty('restarts');
    kill(before);
    const after = await until(config, (status) => {
      const { pid, restarts } = service(status, 'redis');
      return restarts !== undefined && pid !== service(before, 'redis').pid;
    });
    expect(service(after, 'redis')).toMatchObject({
      status: 'running',
      url: service(before, 'redis').url,
      restarts: { count: 1, last_at: expect.stringMatching(/Z$/), problem: null, next_at: null },
    });
    const { supervisor, services } = await stopStack({ config });
    expect(supervisor.status).toBe('stopped');
    expect(services.map(({ status }) => status)).toEqual(Array(5).fill('stopped'));
    expect(processIdentity(before.supervisor.pid!)).toBeUndefined();
    expect(existsSync(path.join(dataPaths(config.dataDir).run, 'supervisor.json'))).toBe(false);
  });

  it('has one supervisor, however often it is started, with the settings of the last start', async () => {
    const { config } = createInstallation();
    const [left, right] = await Promise.all([start(config), start(config)]);
    expect(left.supervisor).toEqual(right.supervisor);
    const env = { ...process.env, CHURN_LOG_LEVEL: 'warn' };
    const other = await startStack({ config, env, services: ['redis'], isSupervised: true });
    expect(other.supervisor.status).toBe('running');
    expect(other.supervisor.pid).not.toBe(left.supervisor.pid);
    expect(processIdentity(left.supervisor.pid!)).toBeUndefined();
    expect(service(other, 'redis').pid).toBe(service(left, 'redis').pid);
  });

  it('says no longer that a service did not start which `up` has started', async () => {
    const { config } = createInstallation();
    await start(config);
    const { run } = dataPaths(config.dataDir);
    const failed = { last_at: '2026-01-01T00:00:00Z', problem: 'The disk is full.' };
    const next = { next_at: '2026-01-01T00:01:00Z' };
    writeSupervisor(run, {
      ...readSupervisor(run)!,
      restarts: { redis: { count: 2, ...failed, ...next }, api: { count: 0, ...failed, ...next } },
    });
    await start(config);
    expect(readSupervisor(run)!.restarts).toEqual({
      redis: { count: 2, last_at: failed.last_at, problem: null, next_at: null },
      api: { count: 0, ...failed, ...next },
    });
  });
});

describe('a start that fails', () => {
  it('says why, also where its supervisor can not be started either', async () => {
    const { config } = createInstallation({ DATABASE_URL: 'postgres://127.0.0.1:1/none' });
    const { run, logs } = dataPaths(config.dataDir);
    const pid = startIdleProcess().pid!;
    // Something runs that could crash.
    writeStackState(run, { api: { pid, identity: processIdentity(pid)!, port: 1 } });
    // The supervisor's log can't be written.
    mkdirSync(path.join(logs, 'supervisor.log'), { recursive: true });
    const started = startStack({ config, services: ['postgres'], isSupervised: true });
    await expect(started).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
  });
});

describe('a supervisor', () => {
  it('says why a service does not start, tries it again later, and ends when it is told to', async () => {
    const { config } = createInstallation();
    const paths = dataPaths(config.dataDir);
    // `down` would end the process of this test.
    const pid = startIdleProcess().pid!;
    const identity = processIdentity(pid)!;
    const started = await startStack({ config, services: ['redis'] });
    writeSupervisor(paths.run, { pid, identity, fingerprint: '', restarts: {} });
    const folder = path.join(config.dataDir, '..', 'fake');
    const fake = fakeProgram(folder, 'redis-server', 'echo no luck today; exit 1');
    const stop = new AbortController();
    const events: SupervisionEvent[] = [];
    const supervised = supervise({
      ...{ config, paths, durable: true, pid, stop: stop.signal },
      env: { ...process.env, PATH: `${fake}:${process.env.PATH}` },
      onEvent: (event) => events.push(event),
    });
    kill(started);
    const failed = await until(config, (status) => service(status, 'redis').restarts !== undefined);
    const { restarts } = service(failed, 'redis');
    expect(service(failed, 'redis')).toMatchObject({ status: 'stopped', pid: null });
    expect(restarts).toMatchObject({ count: 0, problem: expect.stringContaining('no luck today') });
    expect(Date.parse(restarts!.next_at!) - Date.parse(restarts!.last_at)).toBe(1_000);
    const again = await until(config, (status) => {
      const { next_at: next, last_at: last } = service(status, 'redis').restarts!;
      return Date.parse(next!) - Date.parse(last) === 2_000;
    });
    expect(service(again, 'redis').restarts).toMatchObject({ count: 0 });
    stop.abort();
    await supervised;
    expect(events.map(({ what }) => what)).toEqual(
      Array(2).fill(['crashed', 'not restarted']).flat(),
    );
  });

  it('leaves alone what was stopped, and ends when nothing is left', async () => {
    const { config } = createInstallation();
    const started = await startStack({ config, services: ['redis'], isSupervised: true });
    const { pid } = started.supervisor;
    const identity = processIdentity(pid!)!;
    await stopStack({ config, services: ['redis'] });
    while (isSameProcess(pid, identity)) await delay(POLL_MILLIS);
    expect(service(await stackStatus({ config }), 'redis').status).toBe('stopped');
  });

  it('sets aside what is in a large log of a service that runs', async () => {
    const { config } = createInstallation();
    const paths = dataPaths(config.dataDir);
    await startStack({ config, services: ['redis'] });
    const log = path.join(paths.logs, 'redis.log');
    appendFileSync(log, Buffer.alloc(LOG_BYTES_MAX));
    const pid = startIdleProcess().pid!;
    writeSupervisor(paths.run, { pid, identity: null, fingerprint: '', restarts: {} });
    const stop = new AbortController();
    const { env } = process;
    const supervised = supervise({
      ...{ config, paths, env, durable: true, pid, stop: stop.signal },
      onEvent: () => {},
    });
    while (!existsSync(`${log}.1`)) await delay(POLL_MILLIS);
    stop.abort();
    await supervised;
    expect(statSync(log).size).toBeLessThan(LOG_BYTES_MAX);
  });
});
