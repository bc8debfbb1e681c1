import path from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import type { Sql } from 'postgres';
import { ChurnError } from '../contracts';
import { tlsProblem } from '../tls';
import { openPostgresClient } from './postgres-client';

export interface Database {
  readonly url: string;
  /** Raw SQL with parameters; timestamptz comes and goes as text with six digits and Z. */
  readonly sql: Sql;
  close(): Promise<void>;
}

const TIMESTAMPTZ = 1184;
const BIGINT = 20;

/**
 * Connecting is lazy: a database that is down shows itself at the first query. `maxConnections` are
 * for single queries, and as many for transactions.
 *
 * @throws ChurnError INVALID_SETTING for what the URL says about TLS
 */
export function openDatabase(url: string, options: { maxConnections?: number } = {}): Database {
  const { sql, close } = openPostgresClient(url, {
    max: options.maxConnections ?? 8,
    onnotice: () => {},
    connect_timeout: 5,
    connection: { TimeZone: 'UTC', application_name: 'churn' },
    types: {
      // Text in, text out: a Date would lose the microseconds.
      instant: {
        to: TIMESTAMPTZ,
        from: [TIMESTAMPTZ],
        serialize: (text: string) => text,
        parse: toInstantText,
      },
      bigint: { to: BIGINT, from: [BIGINT], serialize: String, parse: Number },
    },
  });
  return { url, sql, close };
}

/** `2024-01-01 00:00:00.5+00` as Postgres prints it → `2024-01-01T00:00:00.500000Z`. */
function toInstantText(text: string): string {
  const [whole = '', fraction = ''] = text.replace(' ', 'T').replace(/\+00$/, '').split('.');
  return `${whole}.${fraction.padEnd(6, '0')}Z`;
}

/** Brings the schema up to date; running it again changes nothing. */
export async function migrateDatabase(database: Database): Promise<void> {
  const migrationsFolder = path.join(packageRoot(), 'packages/database/migrations');
  // A connection of its own: drizzle replaces the parsers of the client that it is given.
  const client = openPostgresClient(database.url, {
    max: 1,
    onnotice: () => {},
    connect_timeout: 5,
  });
  try {
    await migrate(drizzle(client.sql), { migrationsFolder });
  } finally {
    await client.close();
  }
}

/** The repository root, both from the sources and from dist/. */
function packageRoot(): string {
  const root = path.resolve(__dirname, '../..');
  return path.basename(root) === 'dist' ? path.dirname(root) : root;
}

/** Of Postgres: an unknown schema, table or column, as before the migrations of this release. */
const MISSING_IN_SCHEMA = new Set(['3F000', '42P01', '42703']);

/** Of Postgres: its disk is full. */
const DISK_FULL = '53100';

/**
 * Turns a connection that fails or is refused into POSTGRES_UNAVAILABLE, a table or column that is not there into
 * DATABASE_NOT_MIGRATED, and a full disk into STORAGE_UNAVAILABLE; other errors pass through.
 */
export function asDatabaseError(error: unknown): unknown {
  // Not `instanceof`: Node's own errors come from another realm under jest.
  const code = typeof error === 'object' && error && 'code' in error ? String(error.code) : '';
  if (code === DISK_FULL) {
    const problem = 'the disk of Postgres is full';
    return new ChurnError('STORAGE_UNAVAILABLE', { problem }, { cause: error });
  }
  const isConnection =
    /^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|CONNECT|CONNECTION_|57P0|08|28)/.test(code) ||
    tlsProblem(error) !== undefined;
  if (MISSING_IN_SCHEMA.has(code)) {
    const problem = error instanceof Error ? error.message : code;
    return new ChurnError('DATABASE_NOT_MIGRATED', { problem }, { cause: error });
  }
  return isConnection ? new ChurnError('POSTGRES_UNAVAILABLE', {}, { cause: error }) : error;
}

/** For `.catch`: @throws what `asDatabaseError` makes of the error. */
export function throwDatabaseError(error: unknown): never {
  throw asDatabaseError(error);
}
