export type {
  ArrivedBillingEvent,
  ArrivedPlanChange,
  ArrivedRows,
  ArrivedUser,
  ArrivedUserEvent,
  GenerateArrivals,
} from './sources/arrived-rows';
export { auditRawLog, type RawLogAudit } from './log/audit-raw-log';
export { exportRawTables, type ExportOptions } from './log/export-raw-tables';
export { generateDays, type GenerateOptions } from './generate-days';
export { importFolder, type ImportOptions, type LoadReport } from './import-folder';
export {
  importNewFolders,
  type ImportedFolder,
  type ImportNewFoldersOptions,
} from './import-new-folders';
export {
  ensureInstallation,
  readInstallation,
  type Installation,
  type SourceKind,
  type SyntheticWorld,
} from './installation';
export { completeThroughOf, takeKnowledge } from './knowledge';
export type { LoadCounts, LoadProgress, RejectedCounts } from './load/load-batch';
export { readSpine } from './read-spine';
export { syncRawLog, type RawLog, type RawLogOptions } from './log/raw-log';
export { rawTableNames, type PerTable, type RawTable } from './raw-tables';
export { rejectionReasons, type RejectionReason } from './load/rejection-reasons';
export type { OpenDuckDb } from './scratch';
