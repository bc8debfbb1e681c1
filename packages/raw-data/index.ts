/**
 * Raw rows on their way in: `sources` reads files and generated rows, `load` cleans and stores
 * them as batches, `log` mirrors each batch as Parquet.
 */
export { auditRawLog } from './log/audit-raw-log';
export { exportRawTables } from './log/export-raw-tables';
export { generateDays } from './generate-days';
export {
  importFolder,
  previewImport,
  type ImportOptions,
  type ImportPreview,
} from './import-folder';
export { importNewFolders } from './import-new-folders';
export { ensureInstallation, type Installation } from './installation';
export { PLANNING_WAIT_MILLIS, takeKnowledge, type KnowledgeOptions } from './take-knowledge';
export type { LoadWait } from './load-lock';
export type { LoadCounts } from './load/load-batch';
export type { LoadWarning } from './load-warning';
export type { LoadProgress } from './load-progress';
export { readSpine } from './read-spine';
export type { LoadedFile, SourceReport } from './sources/source-report';
export { repairRawLog, type RawRepair } from './log/repair-raw-log';
export { syncRawLog, withRawLog, type RawLog } from './log/raw-log';
export { withDuckDb } from './scratch';
export { withoutReaderFolder } from './log/reader-folder';
export { rawTableNames, type RawTable } from './raw-tables';
export { rejectionReasons } from './rejected/rejection-reasons';
export {
  listRejectedRows,
  readWaitingRows,
  type RejectedFilter,
  type RejectedList,
} from './rejected/list-rejected-rows';
export { rejectedCsv } from './rejected/rejected-csv';
