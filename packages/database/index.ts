/** Postgres: the connection, the schema and its migrations, COPY, and errors of the connection. */
export { copyIn, copyOut } from './copy-in';
export {
  asDatabaseError,
  migrateDatabase,
  openDatabase,
  throwDatabaseError,
  withLoadLock,
  type Database,
} from './open-database';
export { readInstallationId } from './read-installation-id';
export { invalidCurrency, requireCurrency } from './require-currency';
export * from './schema';
export type { Sql, TransactionSql } from 'postgres';
