export { insertPredictions, openApiPlatform } from './api-platform';
export type { Prediction } from './model-jobs';
export type { JobProgress } from './partition-jobs';
export { createPipelinePorts, type PipelinePorts } from './pipeline-ports';
export { openPlatform, type Platform } from './platform';
