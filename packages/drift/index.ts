export { compareColumns, type ColumnDifferences, type ColumnType } from './metrics/compare-columns';
export { chiSquareCdf, chiSquareQuantile } from './statistics/chi-square';
export {
  detectDrift,
  type DetectDriftOptions,
  type DriftChampion,
  type ExpectedSchema,
} from './detect-drift';
export { readDriftLog, writeDriftLog } from './drift-log';
export {
  driftThresholds,
  type DriftMetric,
  type DriftReport,
  type DriftStatus,
} from './drift-report';
export { homogeneity } from './statistics/homogeneity';
export { meanShift } from './statistics/mean-shift';
export {
  populationStabilityIndex,
  psiContributions,
} from './statistics/population-stability-index';
export { psiNoiseBound } from './statistics/psi-noise-bound';
export { raiseAlert, type RaiseAlertOptions } from './raise-alert';
export { recordDrift } from './record-drift';
export {
  validateSchemas,
  type SchemaCheck,
  type SchemaVerdict,
  type ValidateSchemasOptions,
} from './validate-schemas';
