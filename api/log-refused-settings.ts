import type { Logger } from 'pino';
import type { Config } from '../packages/config';
import { refusedSettings } from '../packages/local-services';

/** Health and answers only say that the servers can't be reached, also while they are put right. */
export async function logRefusedSettings(config: Config, logger: Logger): Promise<void> {
  for (const { code, message } of await refusedSettings(config, ['postgres', 'redis'])) {
    logger.error({ code }, message);
  }
}
