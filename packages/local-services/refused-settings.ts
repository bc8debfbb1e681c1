import { dataPaths, type Config } from '../config';
import { isChurnError, type ChurnError } from '../contracts';
import { serviceRecipes } from './service-recipes';
import type { ServiceName } from './service-names';
import { readStackState } from './state-file';

/**
 * What external servers refuse or are not trusted for, by the setting that is wrong: what `up` would
 * say of them. A server that does not answer refuses nothing.
 */
export async function refusedSettings(
  config: Config,
  services: readonly ServiceName[],
): Promise<ChurnError[]> {
  const paths = dataPaths(config.dataDir);
  const state = readStackState(paths.run);
  const context = { config, paths, env: process.env, state, durable: true };
  const answers = await Promise.allSettled(
    services
      .map((name) => serviceRecipes[name])
      .filter((recipe) => recipe.external(config) !== undefined)
      .map(async (recipe) => recipe.requireExternal?.(context)),
  );
  return answers
    .map((answer) => (answer.status === 'rejected' ? (answer.reason as unknown) : undefined))
    .filter(isChurnError)
    .filter(({ code }) => code === 'INVALID_SETTING');
}
