/**
 * Partitions of features: the ledger that claims their dates, the revisions that are published,
 * and their audit. `vectors` computes and writes them, `restatement` finds which of them late data
 * touches.
 */
export { auditPartitions, rebuildLedger, requestOf } from './audit-partitions';
export {
  computePartitions,
  type ComputedPartitions,
  type ComputeProgress,
} from './compute-partitions';
export type { ComputeContext, PublishOutcome, PartitionRequest } from './partition-request';
export { parseKnowledge, parseLabelKnowledge } from './parse-knowledge';
export { findRestatements, type Restatements } from './restatement/find-restatements';
export { repairPartitions, type OfflineRepair } from './repair-partitions';
export { findLostDates } from './find-lost-dates';
export { createLedger, type Ledger, type LedgerRow } from './ledger';
export { readManifests } from './manifests';
export { findRevisionFile } from './partition-paths';
export { hasOtherKnowledge, isStale, lacksOnlyState, selectDates } from './select-dates';
export { withGrid } from './vectors/compute-grid';
export { groupIntoGrids, indexIn, momentsPerScan } from './vectors/group-into-grids';
export { writeVectors } from './vectors/write-vectors';
export { auditTimelines, findTimelines, makeTimelines } from './timeline-store';
