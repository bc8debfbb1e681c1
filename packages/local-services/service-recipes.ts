import { serviceNames, type ServiceName } from './service-names';
import { apiRecipe, isBuilt, workerRecipe } from './services/node-service';
import { postgresRecipe } from './services/postgres';
import { redisRecipe } from './services/redis';
import type { ServiceRecipe } from './services/service-recipe';
import { temporalRecipe } from './services/temporal';

export const serviceRecipes: Readonly<Record<ServiceName, ServiceRecipe>> = {
  postgres: postgresRecipe,
  redis: redisRecipe,
  temporal: temporalRecipe,
  worker: workerRecipe,
  api: apiRecipe,
};

/** All that can be started: the worker and the API once they are built. */
export function availableServices(): ServiceName[] {
  return serviceNames.filter((name) => (name !== 'worker' && name !== 'api') || isBuilt(name));
}
