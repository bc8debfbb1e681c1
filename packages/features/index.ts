export { compileMoment, type MomentQuestion } from './compile-moment';
export { type SegmentFiles } from './compile-facts';
export { computeHistory, type History } from './compute-history';
export { spineReasons, type SpineKnowledge } from './compile-spine';
export { computeVectors, type ComputedVectors } from './compute-vectors';
export { columnTypesOf, valueFromColumn } from './feature-columns';
export { createFeatureSet, featureSet, type FeatureSet, type PartitionColumn } from './feature-set';
export { isOfType } from './is-of-type';
export { momentOf, type Grid, type KnowledgeAt, type LabelKnowledge } from './grid';
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
} from './language';
export { LABEL_UNKNOWN, type MomentVectors } from './sweep';
export { timelineKey, type TimelineFiles } from './timelines';
export { latestArrival, writeTimelines, type TimelineOptions } from './write-timelines';
export { naiveVector, type OracleAnswer, type RawTables } from './oracle';
