export { insertPredictions, openApiPlatform } from './api-platform';
export type { JobProgress } from './partition-jobs';
export { createPipelinePorts, type PipelinePorts } from './pipeline-ports';
export { openPlatform, type Platform } from './platform';
