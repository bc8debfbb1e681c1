import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { ChurnError } from '../contracts';
import { asStorageError } from '../durable-files';
import { interruptible } from './interruptible';
import { escapePattern, quoteFiles, quoteList, quoteLiteral } from './quote-sql';
import { translateErrors } from './translate-errors';

export interface DuckDbOptions {
  /** The only folders that SQL may read or write. */
  readonly allowedDirectories: readonly string[];
  /**
   * Where big sorts spill, each DuckDB into a folder of its own there: their files have the same
   * names, so that two in one folder would read each other's. Made if it is not there; must lie inside
   * an allowed directory.
   */
  readonly scratchDirectory: string;
  readonly memoryMegabytes: number;
  /** The setting that the memory follows from, which errors name; by default the memory itself. */
  readonly settingMegabytes?: number;
  readonly threads: number;
  /** The path by which errors name a file, where that is another one; given relative to its folder. */
  readonly nameOf?: (file: string) => string;
  /** Whether `connection.progress` says how far a query is, in percent. */
  readonly countsProgress?: boolean;
}

/** A row as JavaScript values; BIGINT comes as bigint, TIMESTAMPTZ as DuckDB's own value type. */
export type DuckDbRow = Readonly<Record<string, unknown>>;

/**
 * One in-memory DuckDB with extensions off, confined to its directories, its settings locked. Its
 * errors are those of the catalogue: DUCKDB_OUT_OF_MEMORY, STORAGE_UNAVAILABLE, CORRUPT_FILE,
 * FILE_MISSING, DUCKDB_QUERY_FAILED; an interrupted query rejects with DuckDB's own.
 */
export interface DuckDb {
  /** Runs one or more statements. */
  run(sql: string, signal?: AbortSignal): Promise<void>;
  /** Runs one statement and returns its rows as JSON-like values (BIGINT as bigint). */
  rows<T extends object = DuckDbRow>(sql: string, signal?: AbortSignal): Promise<T[]>;
  /** The underlying connection, for column-wise reading and writing. */
  readonly connection: DuckDBConnection;
  readonly threads: number;
  readonly memoryMegabytes: number;
  /**
   * Another one, with the same permissions and one thread, for queries that use no more: with more
   * threads in the DuckDB, the idle ones spin while such a query runs. Where this one has one thread
   * itself, it is another connection to the same database, which costs a thirtieth of a DuckDB: their
   * queries run side by side, their temporary tables are their own, and the memory is for both. Close
   * it before this one.
   */
  openSingleThreaded(): Promise<DuckDb>;
  close(): void;
}

/**
 * Opens a DuckDB for one piece of work (each call is an independent in-memory database, so that
 * pieces may run side by side).
 *
 * @throws ChurnError STORAGE_UNAVAILABLE when the scratch directory can't be made, INVALID_REQUEST for a
 *   folder whose path has a backslash and a character of patterns.
 */
export async function openDuckDb(options: DuckDbOptions): Promise<DuckDb> {
  requireNameable(options.allowedDirectories);
  const spillDirectory = path.join(options.scratchDirectory, `spill-${randomUUID()}`);
  makeDirectory(options.scratchDirectory);
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: `${options.memoryMegabytes}MB`,
    temp_directory: spillDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'true',
  });
  const close = () => {
    instance.closeSync();
    rmSync(spillDirectory, { recursive: true, force: true });
  };
  try {
    const first = await instance.connect();
    if (options.countsProgress) {
      await first.run('SET enable_progress_bar = true; SET enable_progress_bar_print = false');
    }
    await confine(first, options);
    return wrap(first, { ...options, instance, close });
  } catch (error) {
    close();
    throw error;
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw asStorageError(error);
  }
}

/** For every connection to the database; afterwards no setting can be changed. */
async function confine(
  connection: DuckDBConnection,
  { allowedDirectories }: DuckDbOptions,
): Promise<void> {
  await connection.run(`SET GLOBAL TimeZone = 'UTC'`);
  await connection.run(`SET allowed_directories = ${quoteList(asDuckDbNames(allowedDirectories))}`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

/**
 * Opens several DuckDBs and lends them to `use`; they are closed afterwards, and when one of them
 * could not be opened.
 */
export async function withDuckDbs<T>(
  openings: readonly Promise<DuckDb>[],
  use: (duckDbs: readonly DuckDb[]) => Promise<T>,
): Promise<T> {
  const settled = await Promise.allSettled(openings);
  const opened = settled.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  try {
    for (const each of settled) if (each.status === 'rejected') throw each.reason;
    return await use(opened);
  } finally {
    for (const duckDb of opened) duckDb.close();
  }
}

/**
 * Each with a slash at its end, and where its name has characters of a pattern, also as the pattern by
 * which its files are read: DuckDB compares that, and not what it matches, with what is allowed.
 */
function asDuckDbNames(directories: readonly string[]): string[] {
  const names = directories.map((name) => (name.endsWith('/') ? name : `${name}/`));
  return [...new Set(names.flatMap((name) => [name, escapePattern(name)]))];
}

/**
 * In a pattern, DuckDB takes a backslash for a slash, so that such a folder can't be named.
 *
 * @throws ChurnError INVALID_REQUEST
 */
function requireNameable(directories: readonly string[]): void {
  const bad = directories.find((name) => /[[*?]/.test(name) && name.includes('\\'));
  if (bad === undefined) return;
  const problem = `the folder ${bad} can't be read, because its path has a backslash beside [, * or ?; rename it`;
  throw new ChurnError('INVALID_REQUEST', { problem });
}

function wrap(
  untranslated: DuckDBConnection,
  options: DuckDbOptions & { readonly instance: DuckDBInstance; readonly close: () => void },
): DuckDb {
  const { instance, threads, memoryMegabytes, close } = options;
  const connection = translateErrors(untranslated, options);
  return {
    connection,
    threads,
    memoryMegabytes,
    openSingleThreaded: async () =>
      threads === 1
        ? wrap(await instance.connect(), { ...options, close: () => {} })
        : openDuckDb({ ...options, threads: 1 }),
    run: async (sql, signal) =>
      void (await interruptible(connection, () => connection.run(sql), signal)),
    rows: async <T extends object>(sql: string, signal?: AbortSignal) => {
      const reader = await interruptible(connection, () => connection.runAndReadAll(sql), signal);
      return reader.getRowObjectsJS() as T[];
    },
    close: () => {
      connection.closeSync();
      close();
    },
  };
}

/** `read_parquet([...])` over files, in the order given. */
export function readParquet(files: readonly string[]): string {
  if (files.length === 0) throw new RangeError('read_parquet needs at least one file');
  return `read_parquet(${quoteFiles(files)}, hive_partitioning = false)`;
}

/**
 * How columns are encoded, by what the rows are: a log of what happened, sorted by user and time, or
 * a snapshot with a row per user.
 *
 * - A log's times are stored as differences, in half the bytes. Its session ids repeat, in a row group
 *   more of them than DuckDB would put into a dictionary by itself; reading those is twice as fast.
 * - A snapshot's user ids never repeat, so a dictionary is given up early, and they are stored plain:
 *   a tenth of a file's encoding.
 */
const encodings = {
  log: { version: 'v2', dictionaryMax: 40_000 },
  snapshot: { version: 'v1', dictionaryMax: 1_000 },
} as const;

const ROWS_PER_GROUP = 122_880;

/**
 * `COPY (query) TO file` as Parquet, with the settings that make equal rows equal bytes.
 *
 * @param rows  How many rows the query gives, where that is known. A log with fewer than a row group
 *   has half the bytes then: ids that never repeat do not end up in a dictionary.
 */
export function copyToParquet(
  query: string,
  file: string,
  rowsAre: keyof typeof encodings = 'snapshot',
  rows = ROWS_PER_GROUP,
): string {
  const { version, dictionaryMax } = encodings[rowsAre];
  const share = Math.min(1, rows / ROWS_PER_GROUP);
  const limit = Math.ceil(dictionaryMax * share);
  // Bloom filters cost a quarter of the encoding, and files are read whole or by user_id ranges.
  return `COPY (${query}) TO ${quoteLiteral(file)} (FORMAT parquet, PARQUET_VERSION ${version},
    DICTIONARY_SIZE_LIMIT ${limit},
    COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${ROWS_PER_GROUP}, WRITE_BLOOM_FILTER false)`;
}
