import { dataPaths, type Config } from '../config';
import { isChurnError } from '../contracts';
import { isAlive } from '../durable-files';
import { withoutPassword } from './connections';
import { serviceRecipes } from './service-recipes';
import { serviceNames, type ServiceStatus, type StackStatus } from './service-names';
import type { ServiceRecipe, StackContext } from './services/service-recipe';
import { readStackState } from './state-file';
import { isSupervised, readSupervisor, supervisorStatus } from './supervision/supervisor-record';

/** How each service is now, asked and not remembered. */
export async function stackStatus(options: { config: Config }): Promise<StackStatus> {
  const { config } = options;
  const paths = dataPaths(config.dataDir);
  const state = readStackState(paths.run);
  const context = { config, paths, env: process.env, state, durable: true };
  const services = await Promise.all(
    serviceNames.map((name) => serviceStatus(serviceRecipes[name], context)),
  );
  const supervisor = readSupervisor(paths.run);
  const restarts = isSupervised(supervisor) ? supervisor.restarts : {};
  return {
    services: services.map((service) => {
      const ofService = restarts[service.name];
      return ofService ? { ...service, restarts: ofService } : service;
    }),
    supervisor: supervisorStatus(supervisor),
  };
}

async function serviceStatus(recipe: ServiceRecipe, context: StackContext): Promise<ServiceStatus> {
  const { name } = recipe;
  const address = recipe.external(context.config);
  if (address !== undefined) {
    const external = { name, url: withoutPassword(address), pid: null };
    if (await recipe.isHealthy(context)) return { ...external, status: 'external' };
    const problem = await externalProblem(recipe, context);
    return { ...external, status: 'unhealthy', ...(problem === undefined ? {} : { problem }) };
  }
  const state = context.state[name];
  if (!state || !isAlive(state.pid, state.identity)) {
    return { name, status: 'stopped', url: null, pid: null };
  }
  const status = (await recipe.isHealthy(context)) ? 'running' : 'unhealthy';
  return { name, status, url: recipe.publicUrl(state, context.config), pid: state.pid };
}

/** Why `up` would refuse an external service. */
async function externalProblem(
  recipe: ServiceRecipe,
  context: StackContext,
): Promise<string | undefined> {
  try {
    await recipe.requireExternal?.(context);
    return undefined;
  } catch (error) {
    return isChurnError(error) ? `${error.code}: ${error.message}` : undefined;
  }
}
