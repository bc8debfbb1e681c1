export { auditPartitions, rebuildLedger, requestOf, type AuditReport } from './audit-partitions';
export {
  computePartitions,
  type ComputeContext,
  type ComputedPartitions,
  type PartitionOutcome,
  type PartitionProgress,
  type PartitionRequest,
} from './compute-partitions';
export { findRestatements, type Restatements } from './restatement/find-restatements';
export { createLedger, type Ledger, type LedgerRow } from './ledger';
export { currentPartition, readManifests } from './manifests';
export { findRevisionFile, partitionPaths, type StorePaths } from './partition-paths';
export { hasOtherKnowledge, hasState, isStale, lacksOnlyState, selectDates } from './select-dates';
export { withGrid } from './vectors/compute-grid';
export { groupIntoGrids, indexIn, momentsPerScan } from './vectors/group-into-grids';
export { writeVectors } from './vectors/write-vectors';
export { auditTimelines, findTimelines, makeTimelines } from './timeline-store';
