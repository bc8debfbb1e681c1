/**
 * Postgres, Redis, Temporal, the worker and the API as processes of this machine: `services` knows
 * how each is started, `processes` how any is told apart and stopped, `install` where its programs
 * come from.
 */
export { DATA_LAYOUT } from './data-layout/earlier-release';
export { openForWriting } from './data-layout/open-for-writing';
export { claimDirectory, readDirectoryInstallation } from './installation/directory-installation';
export { requireOwnDatabase } from './installation/require-own-servers';
export { resolveConnections, type Connections } from './connections';
export type { StackEvent, StackStatus } from './service-names';
export {
  readyWorkerFile,
  removeDeadWorkers,
  TOUCHED_EVERY_MILLIS,
  type ReadyWorker,
} from './processes/ready-workers';
export { choosePort } from './processes/tcp-ports';
export { logRefusedSettings } from './log-refused-settings';
export { backOff, type BackOff } from './supervision/back-off';
export { stackStatus } from './stack-status';
export { startStack } from './start-stack';
export { stopStack } from './stop-stack';
export { connectTemporal, temporalRefusal, workerConnectionError } from './temporal-connection';
