import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDuckDb } from '../../../packages/duckdb/open-duckdb';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import {
  importFolder,
  type ImportOptions,
  type LoadReport,
} from '../../../packages/raw-data/import-folder';
import type { RawTable } from '../../../packages/raw-data/raw-tables';
import type { OpenDuckDb } from '../../../packages/raw-data/scratch';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

/** 2026-01-01: after every time in the fixtures, unless one is meant to be in the future. */
export const NOW = parseInstant('2026-01-01T00:00:00Z');

/** The defaults of the settings. */
export const REJECTED_LIMITS = { warnPercent: 1, failPercent: 20 };

export type Files = Partial<Record<RawTable, string>>;

/** The files of a folder that also brings rates, or declares properties. */
export type FilesWithRates = Files & { readonly rates?: string; readonly properties?: string };

export interface RawDataFixture {
  readonly database: TestDatabase;
  readonly folder: string;
  readonly scratchDir: string;
  /** Below the fixture's folder with one thread, elsewhere with two. */
  readonly openDuckDb: OpenDuckDb;
  /** Writes the texts as CSV files into a new folder below the fixture's, and returns its path. */
  write(files: FilesWithRates, name?: string): string;
  /** Writes the texts as CSV files and imports them. */
  load(files: FilesWithRates, options?: Partial<ImportOptions>): Promise<LoadReport>;
  /** Empties the database, so that each test begins with a new installation. */
  reset(): Promise<void>;
  remove(): Promise<void>;
}

export async function createRawDataFixture(): Promise<RawDataFixture> {
  const database = await createTestDatabase();
  const scratch = createScratchDirectory();
  const scratchDir = path.join(scratch.path, 'scratch');
  const isOwn = (directory: string) => directory.startsWith(`${scratch.path}${path.sep}`);
  const openFixtureDuckDb: OpenDuckDb = (directories) =>
    directories.every((directory) => directory === scratch.path || isOwn(directory))
      ? openTestDuckDb(scratch.path)
      : openDuckDb({
          allowedDirectories: directories,
          scratchDirectory: directories.at(-1)!,
          memoryMegabytes: 1024,
          threads: 2,
        });
  let written = 0;
  const write = (files: FilesWithRates, name = `import-${(written += 1)}`): string => {
    const folder = path.join(scratch.path, name);
    mkdirSync(folder, { recursive: true });
    for (const [table, text] of Object.entries(files)) {
      writeFileSync(path.join(folder, `${table}.csv`), text);
    }
    return folder;
  };
  return {
    database,
    folder: scratch.path,
    scratchDir,
    openDuckDb: openFixtureDuckDb,
    write,
    load: (files, options = {}) =>
      importFolder({
        database,
        folder: write(files),
        scratchDir,
        openDuckDb: openFixtureDuckDb,
        currency: 'USD',
        arrival: 'assumed',
        rejectedLimits: REJECTED_LIMITS,
        // Small files with a bad row in them are most of what is tested.
        acceptRejected: true,
        now: () => NOW,
        ...options,
      }),
    reset: async () => {
      await database.sql`
        TRUNCATE raw_data.users, raw_data.plan_changes, raw_data.user_events,
          raw_data.billing_events, raw_data.user_attributes, raw_data.rejected_rows,
          raw_data.settled_rates, raw_data.settled_properties, ops.load_batches, ops.installation,
          ops.imported_folders, ops.lock_leases`;
    },
    remove: async () => {
      await database.drop();
      scratch.remove();
    },
  };
}

/** CSV text of a header and rows, with a final newline. */
export function csv(header: string, ...rows: string[]): string {
  return [header, ...rows, ''].join('\n');
}

export const USERS = 'user_id,signup_time,plan';
/** A file of users with `u1`, who signed up at 2025-01-01T00:00:00Z. */
export const ONE_USER = csv(USERS, 'u1,2025-01-01T00:00:00Z,free');
export const PLAN_CHANGES = 'change_id,user_id,plan,event_time';
export const USER_EVENTS = 'event_id,user_id,session_id,event_type,event_time';
export const BILLING_EVENTS = 'event_id,user_id,event_type,amount,event_time';
export const USER_ATTRIBUTES = 'attribute_id,user_id,name,value,event_time';

/** All rows of a table as Postgres prints them, without their batch, ordered by key. */
export async function rowsOf(database: TestDatabase, table: RawTable): Promise<string[]> {
  const rows = await database.sql<{ row: string }[]>`
    SELECT (to_jsonb(t) - 'batch')::text AS row FROM ${database.sql(`raw_data.${table}`)} AS t ORDER BY 1`;
  return rows.map(({ row }) => row);
}

export async function rejectedRows(database: TestDatabase): Promise<string[]> {
  const rows = await database.sql<{ text: string }[]>`
    SELECT source || ':' || "row" || ' ' || reason AS text FROM raw_data.rejected_rows
    ORDER BY batch, source, "row"`;
  return rows.map(({ text }) => text);
}
