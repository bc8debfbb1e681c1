export { auditModels, type ModelAudit } from './audit-models';
export {
  createEligibilityCheck,
  describeEligibility,
  eligibleCondition,
  isSameEligibility,
  knowsState,
  type Eligibility,
  type EligibilityAnswer,
  type EligibilityHashes,
  type IneligibleReason,
} from './eligibility';
export { evaluatePredictions } from './evaluate-predictions';
export { gradientAscentTrainer } from './gradient-ascent-trainer';
export { readAliases, readModelEvents, type RegistryPorts } from './model-aliases';
export type * from './model-documents';
export {
  listModels,
  promoteModel,
  rollbackModel,
  showModel,
  type AliasMoveOptions,
} from './model-registry';
export { newtonTrainer } from './newton-trainer';
export type { ServedFeatures } from './partition-rows';
export { decidePromotion, gateMargins, type GateInput } from './promotion-gate';
export { reasonText } from './reason-texts';
export { binCounts, referenceDistribution } from './reference-distribution';
export {
  scorePartition,
  scoreUsers,
  type PartitionScores,
  type ScoreOptions,
  type UserAtRisk,
} from './score-users';
export {
  loadServingModel,
  topReasons,
  type Contribution,
  type Explanation,
  type FeatureValues,
  type LoadOptions,
  type ServingModel,
} from './serving-model';
export {
  trainModel,
  type TrainedVersion,
  type TrainingStage,
  type TrainModelOptions,
} from './train-model';
export type { FittedModel, Trainer, TrainerOptions } from './trainer';
export { selectTrainingPartitions } from './training-inputs';
export { createTrainingMatrix, type TrainingMatrix } from './training-matrix';
export { splitDays, type DaySplit } from './training-split';
