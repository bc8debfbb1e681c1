import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dataPaths } from '../../../packages/config/data-paths';
import { loadConfig } from '../../../packages/config/load-config';
import type { StackEvent } from '../../../packages/local-services/service-names';
import { isSameProcess } from '../../../packages/durable-files';
import { readStackState } from '../../../packages/local-services/state-file';
import { startService, stopService } from '../../../packages/local-services/start-service';
import { settingsFingerprint } from '../../../packages/local-services/services/node-service';
import type {
  ServiceRecipe,
  StackContext,
} from '../../../packages/local-services/services/service-recipe';
import { createScratchDirectory } from '../../environment/scratch-directory';

const said = (text: string) => ({ command: '/bin/sh', args: ['-c', `echo '${text}'; exit 1`] });
const idle = { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] };
const taken = said('listen tcp 127.0.0.1:46641: bind: address already in use');

describe('the fingerprint of the worker and the API', () => {
  const { execPath } = process;
  afterEach(() => void (process.execPath = execPath));

  it('is another one on another Node, so that `up` restarts them', () => {
    const config = loadConfig({ CHURN_DATA_DIR: '/nowhere' });
    const paths = dataPaths(config.dataDir);
    const context: StackContext = { config, paths, env: {}, state: {}, durable: false };
    const before = settingsFingerprint(context);
    expect(settingsFingerprint(context)).toBe(before);
    process.execPath = '/opt/node-26/bin/node';
    expect(settingsFingerprint(context)).not.toBe(before);
  });
});

describe('starting a service', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  /** Runs these commands, one per attempt; the last one is well, and those with these numbers. */
  function serviceOf(
    name: string,
    commands: readonly ServiceRecipe['command'][],
    well: readonly number[] = [],
  ) {
    const config = loadConfig({ CHURN_DATA_DIR: path.join(scratch.path, name) });
    const context: StackContext = {
      config,
      paths: dataPaths(config.dataDir),
      env: process.env,
      state: {},
      durable: false,
    };
    let attempts = 0;
    let hanging = 0;
    const recipe: ServiceRecipe = {
      name: 'temporal',
      label: 'Temporal',
      stopSignal: 'SIGTERM',
      stopDeadlineMs: 2_000,
      startDeadlineMs: 10_000,
      patienceMs: 200,
      external: () => undefined,
      prepare: () => {},
      command: (...given) => commands[(attempts += 1) - 1]!(...given),
      isHealthy: () =>
        Promise.resolve(attempts > hanging && [...well, commands.length].includes(attempts)),
      publicUrl: () => null,
    };
    const events: StackEvent['kind'][] = [];
    const start = () => startService(recipe, context, ({ kind }) => events.push(kind));
    return {
      ...{ start, stop: () => stopService(recipe, context), events, attempts: () => attempts },
      hang: () => void (hanging = attempts),
      recorded: () => readStackState(context.paths.run).temporal,
    };
  }

  it('tries again where a port was taken in between, be it free again by now', async () => {
    const service = serviceOf('taken-once', [() => taken, () => idle]);
    await service.start();
    expect(service.events).toEqual(['starting', 'started']);
    expect(await service.stop()).toBe(true);
  });

  it('gives up after three attempts, with what the service says', async () => {
    const service = serviceOf('taken', [() => taken, () => taken, () => taken, () => idle]);
    await expect(service.start()).rejects.toMatchObject({
      code: 'SERVICE_FAILED_TO_START',
      details: { problem: expect.stringContaining('address already in use') as string },
    });
    expect(service.attempts()).toBe(3);
  });

  it('does not try again for any other reason', async () => {
    const service = serviceOf('broken', [() => said('no such option'), () => idle]);
    await expect(service.start()).rejects.toMatchObject({ code: 'SERVICE_FAILED_TO_START' });
    expect(service.attempts()).toBe(1);
    expect(service.recorded()).toMatchObject({ pid: null, identity: null });
  });

  it('leaves one that does not start again recorded as ended, and not as stopped', async () => {
    const broken = () => said('no such option');
    const service = serviceOf('broken-later', [() => idle, broken, broken, () => idle], [1]);
    await service.start();
    const { pid, identity } = service.recorded()!;
    process.kill(pid!, 'SIGKILL');
    await expect(service.start()).rejects.toMatchObject({ code: 'SERVICE_FAILED_TO_START' });
    expect(service.recorded()).toMatchObject({ pid, identity });
    await expect(service.start()).rejects.toMatchObject({ code: 'SERVICE_FAILED_TO_START' });
    expect(service.recorded()).toMatchObject({ pid, identity });
    await service.start();
    expect(service.recorded()!.pid).not.toBe(pid);
    expect(await service.stop()).toBe(true);
  });

  it('ends one that runs and does not answer, after saying so', async () => {
    // The first one is well when it starts, and not when it is looked at again.
    const service = serviceOf('hanging', [() => idle, () => idle], [1]);
    await service.start();
    const { pid, identity } = service.recorded()!;
    service.hang();
    await service.start();
    expect(service.events.slice(2)).toEqual(['unhealthy', 'starting', 'started']);
    expect(isSameProcess(pid, identity)).toBe(false);
    expect(await service.stop()).toBe(true);
  });

  it('takes out the pid of one that has crashed when it is stopped', async () => {
    const service = serviceOf('crashed', [() => idle]);
    await service.start();
    const { pid, identity } = service.recorded()!;
    process.kill(pid!, 'SIGKILL');
    while (isSameProcess(pid, identity)) await delay(20);
    expect(await service.stop()).toBe(false);
    expect(service.recorded()).toMatchObject({ pid: null, identity: null });
  });
});
