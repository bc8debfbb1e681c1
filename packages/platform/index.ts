export { openApiPlatform } from './api-platform';
export { backfillDocument, type AuditedStore, type Jobs } from './jobs';
export type { JobProgress } from './partition-jobs';
export { openPlatform, type Platform } from './platform';
