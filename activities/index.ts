export {
  createPipelineActivities,
  type ChunkInput,
  type PipelineActivities,
  type StepInput,
} from './create-pipeline-activities';
export { findMissingRuns } from './find-missing-runs';
