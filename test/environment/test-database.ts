import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import {
  migrateDatabase,
  openDatabase,
  type Database,
} from '../../packages/database/open-database';

export interface TestDatabase extends Database {
  readonly url: string;
  drop(): Promise<void>;
}

/** A fresh, migrated database of its own on the test server (global-setup.ts starts it). */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = new URL(process.env.TEST_DATABASE_URL!);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(serverUrl, (sql) => sql.unsafe(`CREATE DATABASE ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const database = openDatabase(url.href);
  await migrateDatabase(database);
  return {
    ...database,
    url: url.href,
    drop: async () => {
      await database.close();
      await onServer(serverUrl, (sql) => sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

async function onServer(url: URL, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}
