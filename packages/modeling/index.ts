/**
 * From partitions to a model that serves: `training` reads and splits the rows, `solvers` fit,
 * `evaluation` measures and decides, `registry` keeps versions, `scoring` answers.
 */
export { auditModels } from './registry/audit-models';
export {
  createEligibilityCheck,
  describeEligibility,
  eligibleCondition,
  isSameEligibility,
  knowsState,
  type Eligibility,
  type EligibilityAnswer,
  type EligibilityHashes,
} from './eligibility';
export { evaluatePredictions } from './evaluation/evaluate-predictions';
export { publishRegistry } from './registry/change-registry';
export type { FormerEvent, ModelEventLog, ModelEventTransaction } from './registry/model-event-log';
export { readAliases, readPublishedAliases } from './registry/published-aliases';
export type * from './model-documents';
export {
  findChampion,
  listModels,
  promoteModel,
  rollbackModel,
  showModel,
} from './registry/model-registry';
export type { ServedFeatures } from './partition-rows';
export { binCounts } from './evaluation/reference-distribution';
export { scoreUsers } from './scoring/score-users';
export type { Contribution, ServingModel } from './scoring/serving-model';
export { loadServingModel } from './registry/load-serving-model';
export { trainModel, type TrainedVersion } from './training/train-model';
export { selectTrainingPartitions } from './training/training-inputs';
export { lastUsableDay } from './training/training-split';
