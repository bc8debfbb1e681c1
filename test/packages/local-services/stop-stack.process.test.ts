import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { processIdentity } from '../../../packages/durable-files/process-identity';
import type { StoppedStack } from '../../../packages/local-services/stop-stack';
import { readStackState, writeStackState } from '../../../packages/local-services/state-file';
import { root } from '../../repository-files';
import {
  createInstallation,
  disposeInstallations,
  endProcesses,
  startIdleProcess,
} from './stack-fixture';

/** Runs `churn down` so that no file can get a byte, as on a full disk: only pipes can be written. */
function downOnFullDisk(dataDir: string) {
  const command = [
    process.execPath,
    ...['-r', path.join(root, 'test/environment/typescript-require.cjs')],
    ...[path.join(root, 'packages/cli/main.ts'), 'down', '--json'],
  ];
  return spawnSync('/bin/sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', ...command], {
    encoding: 'utf8',
    env: { ...process.env, CHURN_DATA_DIR: dataDir },
  });
}

describe('stopping the services on a full disk', () => {
  afterEach(disposeInstallations);
  afterEach(endProcesses);

  it('stops every one of them, and says that this could not be recorded', () => {
    const { config } = createInstallation();
    const { run } = dataPaths(config.dataDir);
    const pids = ['worker', 'redis', 'postgres'].map((name, index) => {
      const pid = startIdleProcess().pid!;
      const service = { pid, identity: processIdentity(pid)!, port: 40_001 + index };
      writeStackState(run, { ...readStackState(run), [name]: service });
      return pid;
    });

    const { status, stdout, stderr } = downOnFullDisk(config.dataDir);

    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(pids.map(processIdentity)).toEqual([undefined, undefined, undefined]);
    const { services, warnings } = JSON.parse(stdout) as StoppedStack;
    expect(services.map((service) => service.status)).toEqual(Array(5).fill('stopped'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/run\/stack\.json could not be updated: .*ulimit/);
    expect(stderr).toContain(`warning: ${warnings[0]}`);
  });
});
