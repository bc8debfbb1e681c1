/**
 * Compares a day with what the champion was trained on: `statistics` has the formulas, `metrics`
 * applies them to the columns of partitions.
 */
export { detectDrift, type DriftChampion } from './detect-drift';
export { readDriftLog } from './drift-log';
export type { DriftReport } from './drift-report';
export { recordAlert } from './record-alert';
export { recordDrift } from './record-drift';
export { validateSchemas, type SchemaVerdict } from './validate-schemas';
