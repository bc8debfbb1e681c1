/**
 * `node dist/packages/local-services/prepare/main.js`: checks the services that the environment names
 * (docker-compose), migrates the database and registers the search attributes; starts nothing.
 */
import { loadConfig } from '../../config';
import { ChurnError, isChurnError } from '../../contracts';
import { startStack } from '../start-stack';

async function main(): Promise<void> {
  try {
    const config = loadConfig(process.env);
    const missing = Object.entries({
      DATABASE_URL: config.databaseUrl,
      REDIS_URL: config.redisUrl,
      TEMPORAL_ADDRESS: config.temporal.address,
    }).find(([, value]) => !value);
    if (missing) {
      const [variable] = missing;
      throw new ChurnError('INVALID_SETTING', { variable, problem: 'it must be set' });
    }
    await startStack({ config, services: ['postgres', 'redis', 'temporal'] });
  } catch (error) {
    process.stderr.write(
      isChurnError(error) ? `${error.code}: ${error.message}\n` : `${String(error)}\n`,
    );
    process.exitCode = 1;
  }
}

void main();
