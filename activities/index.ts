export {
  createPipelineActivities,
  type ChunkInput,
  type PipelineActivities,
  type StepInput,
} from './create-pipeline-activities';
