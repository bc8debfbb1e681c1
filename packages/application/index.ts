export { insertPredictions, openApiApplication } from './api-application';
export type { Prediction } from './models/model-services';
export type { JobProgress } from './partitions/partition-services';
export { createPipelinePorts, type PipelinePorts } from './pipeline-ports';
export { openApplication, type Application } from './application';
