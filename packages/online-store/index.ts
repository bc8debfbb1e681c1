/** The newest vectors in Redis, written forward only, read, repaired, and compared with the offline store. */
export { auditOnline } from './audit-online';
export { claimInstallation, readOnlineInstallation } from './installation-id';
export { openRedisForServing, openRedisForWriting } from './open-redis';
export { readMeta, readServedVector, readVector } from './read-online';
export { asRedisError } from './redis-errors';
export { repairOnline, type OnlineRepair } from './repair/repair-online';
export { OnlineReader } from './serving/online-reader';
export { syncOnlineFeatures, type SyncReport } from './sync-online-features';
