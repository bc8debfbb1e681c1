import { existsSync } from 'node:fs';
import { dataPaths, type Config } from '../config';
import { serviceRecipes } from './service-recipes';
import { serviceNames, type ServiceName, type StackEvent, type StackStatus } from './service-names';
import { stackStatus } from './stack-status';
import { dependents } from './data-layout/earlier-release';
import { withStackLock } from './processes/stack-lock';
import { stopService } from './start-service';
import { readStackState } from './state-file';

const servers: readonly ServiceName[] = ['temporal', 'redis', 'postgres'];

/** Stops what was started here, dependents first, by pid; data and addresses stay. */
export async function stopStack(options: {
  config: Config;
  services?: readonly ServiceName[];
  onEvent?: (event: StackEvent) => void;
}): Promise<StackStatus> {
  const { config, onEvent = () => {}, services = serviceNames } = options;
  const paths = dataPaths(config.dataDir);
  if (!existsSync(paths.run)) return stackStatus({ config });
  await withStackLock({ runDir: paths.run }, async () => {
    const state = readStackState(paths.run);
    const context = { config, paths, env: process.env, state, durable: true };
    const stop = async (name: ServiceName) => {
      if (!services.includes(name) || !state[name]?.pid) return;
      onEvent({ service: name, kind: 'stopping' });
      await stopService(serviceRecipes[name], context);
      onEvent({ service: name, kind: 'stopped' });
    };
    // What uses the servers goes first, so that it can finish its work with them.
    await Promise.all(dependents.map(stop));
    await Promise.all(servers.map(stop));
  });
  return stackStatus({ config });
}
