import { existsSync } from 'node:fs';
import { dataPaths, type Config } from '../config';
import { isChurnError } from '../contracts';
import { serviceRecipes } from './service-recipes';
import { serviceNames, type ServiceName, type StackEvent, type StackStatus } from './service-names';
import { stackStatus } from './stack-status';
import { dependents } from './data-layout/earlier-release';
import { withStackLock } from './processes/stack-lock';
import { stopService } from './start-service';
import { readStackState } from './state-file';
import { stopSupervisor } from './supervision/start-supervisor';

const servers: readonly ServiceName[] = ['temporal', 'redis', 'postgres'];

/** What `down` reports. */
export interface StoppedStack extends StackStatus {
  /** For people: that a stop could not be recorded. Usually empty. */
  readonly warnings: readonly string[];
}

/**
 * Stops what was started here, dependents first, by pid; data and addresses stay. A disk that can't
 * be written keeps nothing from being stopped: then `warnings` says that this was not recorded.
 *
 * @throws ChurnError LOCK_HELD while another process starts or stops services
 */
export async function stopStack(options: {
  config: Config;
  services?: readonly ServiceName[];
  onEvent?: (event: StackEvent) => void;
}): Promise<StoppedStack> {
  const { config, onEvent = () => {}, services = serviceNames } = options;
  const paths = dataPaths(config.dataDir);
  const warnings = new Set<string>();
  if (existsSync(paths.run)) {
    if (services === serviceNames) await stopSupervisor(paths);
    await withStackLock({ runDir: paths.run, isOptional: true }, async () => {
      const state = readStackState(paths.run);
      const context = { config, paths, env: process.env, state, durable: true };
      const stop = async (name: ServiceName) => {
        if (!services.includes(name) || !state[name]?.pid) return;
        onEvent({ service: name, kind: 'stopping' });
        await stopService(serviceRecipes[name], context).catch((error: unknown) => {
          warnings.add(notRecorded(error));
        });
        onEvent({ service: name, kind: 'stopped' });
      };
      // What uses the servers goes first, so that it can finish its work with them.
      await Promise.all(dependents.map(stop));
      await Promise.all(servers.map(stop));
    });
  }
  return { ...(await stackStatus({ config })), warnings: [...warnings] };
}

/** The record only repeats what is known of a process anyway: its pid no longer is that process. */
function notRecorded(error: unknown): string {
  if (!isChurnError(error) || error.code !== 'STORAGE_UNAVAILABLE') throw error;
  return (
    `The services have stopped, but run/stack.json could not be updated: ${String(error.details.problem)}. ` +
    'It still has their pids, which does no harm.'
  );
}
