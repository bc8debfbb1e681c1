/** The newest vectors in Redis, written forward only, read, and compared with the offline store. */
export { auditOnline } from './audit-online';
export { claimInstallation, readOnlineInstallation } from './installation-id';
export { openRedisForServing, openRedisForWriting } from './open-redis';
export { readMeta, readVector, readVectors } from './read-online';
export { asRedisError } from './redis-errors';
export { syncOnlineFeatures, type SyncReport } from './sync-online-features';
