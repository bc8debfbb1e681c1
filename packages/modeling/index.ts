export { auditModels, type ModelAudit } from './registry/audit-models';
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
export { evaluatePredictions } from './evaluation/evaluate-predictions';
export { gradientAscentSolver } from './solvers/gradient-ascent-solver';
export { readAliases, readModelEvents, type RegistryPorts } from './registry/model-aliases';
export type * from './model-documents';
export {
  listModels,
  promoteModel,
  rollbackModel,
  showModel,
  type AliasMoveOptions,
} from './registry/model-registry';
export { newtonSolver } from './solvers/newton-solver';
export type { ServedFeatures } from './partition-rows';
export { decidePromotion, gateMargins, type GateInput } from './evaluation/promotion-gate';
export { reasonText } from './scoring/reason-texts';
export { binCounts, referenceDistribution } from './evaluation/reference-distribution';
export {
  scorePartition,
  scoreUsers,
  type PartitionScores,
  type ScoreOptions,
  type UserAtRisk,
} from './scoring/score-users';
export {
  loadServingModel,
  topReasons,
  type Contribution,
  type Explanation,
  type FeatureValues,
  type LoadOptions,
  type ServingModel,
} from './scoring/serving-model';
export {
  trainModel,
  type TrainedVersion,
  type TrainingStage,
  type TrainModelOptions,
} from './training/train-model';
export type { FittedModel, Solver, SolverOptions } from './solvers/solver';
export { selectTrainingPartitions } from './training/training-inputs';
export { createTrainingMatrix, type TrainingMatrix } from './training-matrix';
export { splitDays, type DaySplit } from './training/training-split';
