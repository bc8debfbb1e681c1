import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
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

const migrations = path.resolve(__dirname, '../../packages/database/migrations');

/**
 * A fresh, migrated database of its own on the test server (global-setup.ts starts it): a copy of
 * one that was migrated once, as migrating takes several times as long as copying.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = new URL(process.env.TEST_DATABASE_URL!);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(serverUrl, async (sql) => {
    const template = await provideTemplate(serverUrl, sql);
    await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const database = openDatabase(urlOf(serverUrl, name));
  return {
    ...database,
    drop: async () => {
      await database.close();
      await onServer(serverUrl, (sql) => sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

const TEMPLATE_LOCK_KEY = 7_401_390;

/** The name of the migrated database, of which other jest workers and later runs make use too. */
async function provideTemplate(serverUrl: URL, sql: postgres.Sql): Promise<string> {
  const template = `test_template_${hashOfMigrations()}`;
  const isThere = async () =>
    (await sql`select 1 from pg_database where datname = ${template}`).length > 0;
  if (await isThere()) return template;
  await sql`select pg_advisory_lock(${TEMPLATE_LOCK_KEY})`;
  try {
    if (!(await isThere())) await makeTemplate(serverUrl, sql, template);
  } finally {
    await sql`select pg_advisory_unlock(${TEMPLATE_LOCK_KEY})`;
  }
  return template;
}

/** It has its name only when it is whole. */
async function makeTemplate(serverUrl: URL, sql: postgres.Sql, template: string): Promise<void> {
  const unfinished = `${template}_unfinished`;
  await sql.unsafe(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
  await sql.unsafe(`CREATE DATABASE ${unfinished}`);
  const database = openDatabase(urlOf(serverUrl, unfinished));
  await migrateDatabase(database);
  await database.close();
  await sql.unsafe(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
}

function hashOfMigrations(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(migrations, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.sql'))
      hash.update(`${file}\0`).update(readFileSync(path.join(migrations, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function urlOf(serverUrl: URL, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer(url: URL, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}
