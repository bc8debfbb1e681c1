import { rmSync } from 'node:fs';
import { loadConfig } from '../../packages/config/load-config';
import { stopStack } from '../../packages/local-services/stop-stack';

/** Stops, by pid, the servers that global-setup.ts started. */
module.exports = async (): Promise<void> => {
  const dataDir = process.env.CHURN_TEST_SERVERS;
  if (!dataDir) return;
  await stopStack({ config: loadConfig({ CHURN_DATA_DIR: dataDir }) });
  rmSync(dataDir, { recursive: true, force: true });
};
