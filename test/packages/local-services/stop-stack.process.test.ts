import { dataPaths } from '../../../packages/config/data-paths';
import { processIdentity } from '../../../packages/durable-files/process-identity';
import type { StoppedStack } from '../../../packages/local-services/stop-stack';
import { readStackState, writeStackState } from '../../../packages/local-services/state-file';
import { runOnFullDisk } from '../../support/run-on-full-disk';
import {
  createInstallation,
  disposeInstallations,
  endProcesses,
  startIdleProcess,
} from './stack-fixture';

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

    const { status, stdout, stderr } = runOnFullDisk(['down', '--json'], {
      CHURN_DATA_DIR: config.dataDir,
    });

    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(pids.map(processIdentity)).toEqual([undefined, undefined, undefined]);
    const { services, warnings } = JSON.parse(stdout) as StoppedStack;
    expect(services.map((service) => service.status)).toEqual(Array(5).fill('stopped'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/run\/stack\.json could not be updated: .*ulimit/);
    expect(stderr).toContain(`warning: ${warnings[0]}`);
  });
});
