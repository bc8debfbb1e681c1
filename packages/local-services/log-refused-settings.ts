import { dataPaths, type Config } from '../config';
import { isChurnError, type ChurnError } from '../contracts';
import { serviceRecipes } from './service-recipes';
import { readStackState } from './state-file';

/** The servers whose refusals the worker and the API would otherwise only meet as errors of their work. */
const SERVERS = ['postgres', 'redis'] as const;

/**
 * Logs what an external Postgres or Redis refuses or is not trusted for, by the setting that is wrong,
 * as `up` would say it. Whoever serves goes on, because they may be put right meanwhile.
 */
export async function logRefusedSettings(
  config: Config,
  log: { error(about: object, message: string): void },
): Promise<void> {
  for (const { code, message } of await refusedSettings(config)) log.error({ code }, message);
}

/** A server that does not answer refuses nothing. */
async function refusedSettings(config: Config): Promise<ChurnError[]> {
  const paths = dataPaths(config.dataDir);
  const state = readStackState(paths.run);
  const context = { config, paths, env: process.env, state, durable: true };
  const answers = await Promise.allSettled(
    SERVERS.map((name) => serviceRecipes[name])
      .filter((recipe) => recipe.external(config) !== undefined)
      .map(async (recipe) => recipe.requireExternal?.(context)),
  );
  return answers
    .map((answer) => (answer.status === 'rejected' ? (answer.reason as unknown) : undefined))
    .filter(isChurnError)
    .filter(({ code }) => code === 'INVALID_SETTING');
}
