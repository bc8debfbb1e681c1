/** Postgres: connections, locks, the schema and its migrations, COPY, and errors of the connection. */
export { copyIn, copyOut } from './copy-in';
export {
  asDatabaseError,
  migrateDatabase,
  openDatabase,
  throwDatabaseError,
  type Database,
} from './open-database';
export { withBriefLock, withLeasedLock, type LeaseTimes, type LockWait } from './leased-lock';
export type { HeldLease, LockLease } from './lock-lease';
export { readInstallationId } from './read-installation-id';
export { invalidCurrency, requireCurrency } from './require-currency';
export * from './schema';
export type { Sql, TransactionSql } from 'postgres';
