import path from 'node:path';
import { ChurnError, isChurnError } from '../contracts';

/** What a message has to say about the DuckDB it comes from. */
export interface ErrorContext {
  readonly allowedDirectories: readonly string[];
  readonly memoryMegabytes: number;
  /** As in DuckDbOptions. */
  readonly settingMegabytes?: number;
  readonly threads: number;
  readonly nameOf?: (file: string) => string;
  /** Which of some Parquet files can't be read; undefined when all can. */
  readonly findUnreadable: (files: readonly string[]) => Promise<string | undefined>;
}

/**
 * Turns what DuckDB throws into an error of the catalogue that says what to do. The catalogue's
 * message never repeats a value of the data: DuckDB quotes them. What DuckDB said is the `cause`, for
 * those who must tell a malformed file from a healthy one (see `saidByDuckDb`).
 *
 * An interruption, and whatever does not come from DuckDB, passes through.
 *
 * @param sql  What was run; it says which files were read when the message does not.
 */
export async function asDuckDbError(
  error: unknown,
  sql: string,
  context: ErrorContext,
): Promise<unknown> {
  const kind = kindOf(error);
  if (kind === undefined || kind === 'INTERRUPT Error') return error;
  const message = messageOf(error);
  const missing = missingFile.exec(message)?.[1];
  if (missing !== undefined) {
    const file = relativePath(unescapePattern(missing), context);
    return new ChurnError('FILE_MISSING', { path: file }, { cause: error });
  }
  const damage = damageOf(message);
  if (damage !== undefined) {
    const file = await damagedFile(message, sql, context);
    return new ChurnError('CORRUPT_FILE', { path: file, problem: damage }, { cause: error });
  }
  const storageProblem = storageProblemOf(kind, message);
  if (storageProblem !== undefined) {
    return new ChurnError('STORAGE_UNAVAILABLE', { problem: storageProblem }, { cause: error });
  }
  if (kind === 'Out of Memory Error') {
    const { settingMegabytes: memoryMegabytes = context.memoryMegabytes, threads } = context;
    return new ChurnError('DUCKDB_OUT_OF_MEMORY', { memoryMegabytes, threads }, { cause: error });
  }
  const problem = withoutValues(kind, message);
  return new ChurnError('DUCKDB_QUERY_FAILED', { problem }, { cause: error });
}

/**
 * What DuckDB itself said, where an error says that a query can't be run or a file can't be read;
 * undefined for every other error, such as a full disk. It may quote values of the data.
 */
export function saidByDuckDb(error: unknown): string | undefined {
  if (!isChurnError(error)) return undefined;
  const isOfTheInput = ['DUCKDB_QUERY_FAILED', 'CORRUPT_FILE', 'FILE_MISSING'].includes(error.code);
  return isOfTheInput ? messageOf(error.cause) : undefined;
}

/** `IO Error`, `Out of Memory Error`, …: how each of DuckDB's messages begins. */
function kindOf(error: unknown): string | undefined {
  return /^((?:[A-Z]\w*|of|with) )+Error(?=: )/.exec(messageOf(error))?.[0];
}

const missingFile = /^IO Error: No files found that match the pattern "(.*)"/;

const damages: readonly (readonly [RegExp, string])[] = [
  [/^Invalid Input Error: .*too small to be a Parquet file/, 'it is cut off'],
  [
    /^Invalid Input Error: No magic bytes found at end of file/,
    'it is cut off or not a Parquet file',
  ],
  [/^IO Error: Could not read enough bytes from file/, 'it is cut off'],
  [/^IO Error: Input is not a GZIP stream/, 'it has other bytes after its gzip data'],
  [/TProtocolException|: don't know what type: /, 'its metadata is unreadable'],
  [
    /[Dd]ecompression fail|ZSTD|Invalid string encoding found in Parquet/,
    'its rows are unreadable',
  ],
  [/^Invalid (Input )?Error: (Failed to read file|Prefetch registered)/, 'its rows are unreadable'],
];

function damageOf(message: string): string | undefined {
  return damages.find(([pattern]) => pattern.test(message))?.[1];
}

async function damagedFile(message: string, sql: string, context: ErrorContext): Promise<string> {
  const named = /(?:file|File) ['"](.*?)['"](?= too small|:|$)/m.exec(message)?.[1];
  if (named !== undefined) return relativePath(named, context);
  const files = parquetFilesRead(sql);
  const found = files.length > 1 ? await context.findUnreadable(files) : files[0];
  return found === undefined ? 'that was read' : relativePath(found, context);
}

/** The Parquet files that a statement names other than as its target. */
function parquetFilesRead(sql: string): string[] {
  const literals = sql.matchAll(/(\bTO\s+)?'((?:[^']|'')*\.parquet)'/g);
  return [...literals].flatMap(([, target, text = '']) =>
    target === undefined ? unescapePattern(text.replaceAll("''", "'")) : [],
  );
}

/** Undoes what `quoteFile` does to a name. */
function unescapePattern(name: string): string {
  return name.replaceAll(/\[([[*?])\]/g, '$1');
}

/** Relative to the folder that DuckDB was given: the data directory, as a rule. */
function relativePath(file: string, { allowedDirectories, nameOf }: ErrorContext): string {
  const folder = allowedDirectories.find((directory) => !isOutside(directory, file));
  const relative = folder === undefined ? path.basename(file) : path.relative(folder, file);
  return nameOf?.(relative) ?? relative;
}

function isOutside(folder: string, file: string): boolean {
  return path.relative(folder, file).startsWith('..');
}

const systemProblems: readonly (readonly [RegExp, string])[] = [
  [/No space left on device|max_temp_directory_size/, 'the disk is full'],
  [/Disk quota exceeded/, 'the disk quota is used up'],
  [/Read-only file system/, 'it is on a read-only file system'],
  [/Permission denied|Operation not permitted/, 'permission denied'],
  [/Input\/output error/, 'the disk reports read or write errors'],
  [/Not a directory/, 'a part of its path is not a folder'],
  [/Too many open files/, 'too many files are open'],
];

/** Also of a sort that finds no room to spill, which DuckDB calls a want of memory. */
function storageProblemOf(kind: string, message: string): string | undefined {
  if (kind !== 'IO Error' && kind !== 'Out of Memory Error') return undefined;
  const known = systemProblems.find(([pattern]) => pattern.test(message))?.[1];
  return known ?? (kind === 'IO Error' ? 'a file could not be read or written' : undefined);
}

/** Kinds of errors that are about a query's text; others may quote what the data holds. */
const aboutTheQuery = new Set(['Binder Error', 'Catalog Error', 'Parser Error', 'INTERNAL Error']);

function withoutValues(kind: string, message: string): string {
  if (!aboutTheQuery.has(kind)) return kind;
  const [line = ''] = message.split('\n');
  return line.replaceAll(/'.*'/g, "'…'").replace(/[.!]$/, '');
}

function messageOf(error: unknown): string {
  // Not `instanceof Error`: errors of native code are of another realm under jest.
  const isError = typeof error === 'object' && error !== null && 'message' in error;
  return isError ? String(error.message) : String(error);
}
