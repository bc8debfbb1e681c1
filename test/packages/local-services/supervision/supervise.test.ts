import { dataPaths } from '../../../../packages/config';
import { processIdentity } from '../../../../packages/durable-files';
import { withStackLock } from '../../../../packages/local-services/processes/stack-lock';
import { serviceNames, type ServiceName } from '../../../../packages/local-services/service-names';
import type { ServiceRecipe } from '../../../../packages/local-services/services/service-recipe';
import {
  readStackState,
  writeStackState,
  type ServiceState,
  type StackState,
} from '../../../../packages/local-services/state-file';
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
  startIdleProcess,
} from '../stack-fixture';

afterEach(disposeInstallations);
afterEach(endProcesses);

const idle = { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] };
const broken = { command: '/bin/sh', args: ['-c', 'echo no luck today; exit 1'] };

/** A service that is well as soon as its process is there. */
function fakeRecipe(name: ServiceName, fakes: Partial<ServiceRecipe> = {}): ServiceRecipe {
  return {
    ...{ name, label: name, stopSignal: 'SIGTERM', stopDeadlineMs: 5_000, startDeadlineMs: 20_000 },
    external: () => undefined,
    prepare: () => {},
    command: () => idle,
    isHealthy: () => Promise.resolve(true),
    publicUrl: () => null,
    ...fakes,
  };
}

/** A supervisor of a data directory with this record, and these recipes in place of healthy ones. */
function createSupervisor(
  state: StackState,
  fakes: Partial<Record<ServiceName, Partial<ServiceRecipe>>> = {},
) {
  const { config } = createInstallation();
  const paths = dataPaths(config.dataDir);
  // `down` would end the process of this test.
  const pid = startIdleProcess().pid!;
  const identity = processIdentity(pid)!;
  writeStackState(paths.run, state);
  writeSupervisor(paths.run, { pid, identity, fingerprint: '', restarts: {} });
  const stop = new AbortController();
  const events: SupervisionEvent[] = [];
  const recipes = Object.fromEntries(
    serviceNames.map((name) => [name, fakeRecipe(name, fakes[name])]),
  ) as Record<ServiceName, ServiceRecipe>;
  const run = (onEvent = (_event: SupervisionEvent) => {}) =>
    supervise({
      ...{ config, paths, env: process.env, durable: true, pid, stop: stop.signal, recipes },
      onEvent: (event) => {
        events.push(event);
        onEvent(event);
      },
    });
  return { run, paths, stop, events };
}

function running(port: number): ServiceState & { pid: number } {
  const pid = startIdleProcess().pid!;
  return { pid, identity: processIdentity(pid)!, port };
}

/** Of a process that is gone: its pid is another's by now. */
const crashed = (port: number): ServiceState => ({ pid: process.pid, identity: 'earlier', port });

describe('a supervisor', () => {
  it('tries again what it ended for a new address and could not start', async () => {
    let starts = 0;
    const worker = { ...running(41_001), fingerprint: 'redis at another port' };
    const { run, paths, stop, events } = createSupervisor(
      { redis: crashed(41_000), worker },
      {
        worker: {
          fingerprint: () => 'redis at this port',
          command: () => ((starts += 1) === 1 ? broken : idle),
          isHealthy: () => Promise.resolve(starts > 1),
        },
      },
    );
    let afterFailure: unknown;
    await run(({ service, what }) => {
      if (service !== 'worker') return;
      if (what === 'crashed') afterFailure = readSupervisor(paths.run)!.restarts.worker;
      if (what === 'restarted') stop.abort();
    });
    expect(afterFailure).toMatchObject({
      ...{ count: 0, problem: expect.stringContaining('no luck today') },
      next_at: expect.stringMatching(/Z$/),
    });
    expect(events.map(({ service, what }) => `${service} ${what}`)).toEqual([
      ...['redis crashed', 'redis restarted', 'worker not restarted'],
      ...['worker crashed', 'worker restarted'],
    ]);
    const started = readStackState(paths.run).worker!;
    expect(processIdentity(started.pid!)).toBe(started.identity);
    expect(started.pid).not.toBe(worker.pid);
    expect(processIdentity(worker.pid)).toBeUndefined();
  });

  it('leaves alone a server that the environment names, whatever ran here before', async () => {
    const { run, events } = createSupervisor(
      { postgres: crashed(41_000) },
      { postgres: { external: () => 'postgres://elsewhere/churn' } },
    );
    await run();
    expect(events).toEqual([]);
  });

  it('ends at once when it is told to while whoever started it is still starting services', async () => {
    const { run, paths, stop, events } = createSupervisor({ redis: crashed(41_000) });
    await withStackLock({ runDir: paths.run }, async () => {
      const supervised = run();
      stop.abort();
      await supervised;
    });
    expect(events).toEqual([]);
  });
});
