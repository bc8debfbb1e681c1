export { compileMoment, type MomentQuestion } from './compile-moment';
export { type SegmentFiles } from './grid/compile-tiles';
export { computeHistory, type History } from './history/compute-history';
export { spineReasons, type SpineKnowledge } from './history/compile-spine';
export { computeVectors, type ComputedVectors } from './grid/compute-vectors';
export { columnTypesOf, valueFromColumn } from './language/feature-columns';
export { createFeatureSet, featureSet, type FeatureSet, type PartitionColumn } from './feature-set';
export { isOfType } from './language/is-of-type';
export { momentOf, type Grid, type KnowledgeAt, type LabelKnowledge } from './grid/grid';
export {
  defineFeatureGroup,
  sourcesOfFeatures,
  type Aggregate,
  type FeatureDefinition,
  type FeatureWording,
  type FeatureType,
  type LabelDefinition,
  type StateDefinition,
  type StateEvent,
  type SourceTable,
} from './language/feature-definition';
export { LABEL_UNKNOWN, type MomentVectors } from './grid/sliding-windows';
export { timelineKey, type TimelineFiles } from './history/timelines';
export { latestArrival, writeTimelines, type TimelineOptions } from './history/write-timelines';
export { naiveVector, type OracleAnswer, type RawTables } from './oracle';
