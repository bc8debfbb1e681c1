export { DATA_LAYOUT } from './data-layout/earlier-release';
export { openForWriting } from './data-layout/open-for-writing';
export { claimDirectory } from './installation/directory-installation';
export { requireOwnDatabase } from './installation/require-own-servers';
export { resolveConnections, type Connections } from './connections';
export {
  serviceNames,
  type ServiceName,
  type ServiceStatus,
  type StackEvent,
  type StackStatus,
} from './service-names';
export { workerReadyFile } from './services/node-service';
export { stackStatus } from './stack-status';
export { startStack, type StartOptions } from './start-stack';
export { stopStack } from './stop-stack';
export { findTool } from './tools';
