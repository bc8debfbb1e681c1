export { compileVectors, type CompiledStatement, type SegmentFiles } from './compile-vectors';
export { computeVectors, type ComputedVectors } from './compute-vectors';
export { featureSet, type FeatureSet, type PartitionColumn } from './feature-set';
export { momentOf, type Grid, type KnowledgeAt, type LabelKnowledge } from './grid';
export type {
  Aggregate,
  FeatureDefinition,
  FeatureType,
  LabelDefinition,
  SourceTable,
} from './language';
export { naiveVector, type OracleAnswer, type RawTables } from './oracle';
