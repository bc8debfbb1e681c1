/**
 * Feature definitions and what computes them. `language` says what can be defined, `definitions`
 * what is; `grid` computes all users at moments a day apart, `history` any users at any moments,
 * and `compile-moment.ts` one user at one.
 */
export { compileMoment, type MomentQuestion } from './compile-moment';
export { computeHistory, type History } from './history/compute-history';
export { spineReasons, type SpineKnowledge } from './history/compile-spine';
export { computeVectors, type ComputedVectors } from './grid/compute-vectors';
export { columnTypesOf, valueFromColumn } from './language/feature-columns';
export { featureSet, featureSetOf, type FeatureSet } from './feature-set';
export { isOfType } from './language/is-of-type';
export type { Grid } from './grid/grid';
export {
  type FeatureWording,
  type StateDefinition,
  type StateEvent,
  type SourceTable,
} from './language/feature-definition';
export { countRows, readSegments, type Segment, type Segments } from './segments';
export { LABEL_UNKNOWN, type MomentVectors } from './grid/sliding-windows';
export { timelineKey, type TimelineFiles } from './history/timelines';
export { latestArrival, writeTimelines, type TimelineOptions } from './history/write-timelines';
