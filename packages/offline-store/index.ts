export { auditPartitions, rebuildLedger, requestOf, type AuditReport } from './audit-partitions';
export {
  computePartitions,
  groupIntoGrids,
  gridOf,
  type ComputeContext,
  type ComputedPartitions,
  type PartitionOutcome,
  type PartitionProgress,
  type PartitionRequest,
} from './compute-partitions';
export { sha256OfFile } from './durable-files';
export { findRestatements, labelKnowledge, type Restatements } from './find-restatements';
export { createLedger, type Ledger, type LedgerRow } from './ledger';
export { currentPartition, datesOnDisk, readManifests } from './manifests';
export { partitionPaths } from './partition-paths';
export { isStale, selectDates } from './select-dates';
