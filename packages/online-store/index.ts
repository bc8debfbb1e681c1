export { auditOnline, type AuditOnlineOptions, type OnlineAudit } from './audit-online';
export { assertInstallation, claimInstallation } from './installation-id';
export { onlineKeys, vectorKey } from './online-keys';
export { openRedisForServing, openRedisForWriting, type RedisOptions } from './open-redis';
export { readMeta, readVector, readVectors } from './read-online';
export { syncOnlineFeatures, type SyncOptions, type SyncReport } from './sync-online-features';
export { vectorHash, type FeatureValues } from './vector-hash';
