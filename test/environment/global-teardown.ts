import { rmSync } from 'node:fs';
import { loadConfig } from '../../packages/config/load-config';
import { stopStack } from '../../packages/local-services/stop-stack';

/** Stops, by pid, the servers that global-setup.ts started, and removes the folder of the run. */
module.exports = async (): Promise<void> => {
  const dataDir = process.env.CHURN_TEST_SERVERS;
  if (dataDir) await stopStack({ config: loadConfig({ CHURN_DATA_DIR: dataDir }) });
  const folder = process.env.CHURN_TEST_RUN_FOLDER;
  if (folder) rmSync(folder, { recursive: true, force: true });
};
