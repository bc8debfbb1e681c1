import path from 'node:path';
import { quoteLiteral, readParquet, type DuckDb } from '../../duckdb';
import { cleanAttributeColumns, type CleanedPart } from './attribute-columns';
import type { CleaningRules } from './clean-rows-sql';
import { cleanSource } from './clean-source';
import type { KeptFolder } from './kept-files';
import { whileWatching, type LoadProgress } from '../load-progress';
import type { SourceText } from '../rejected/read-text';
import { malformedFile } from '../sources/malformed-file';
import { rawTableNames, rawTables, type RawTable } from '../raw-tables';
import type { SourceFile } from '../sources/source-file';

/** A source's rows, cleaned one by one, waiting in files for the load's transaction. */
export interface PreparedTable {
  readonly table: RawTable;
  /** The files that the rows come from, in their order. */
  readonly parts: readonly CleanedPart[];
  /** The bytewise least and greatest id of the rows without a fault; null when there are none. */
  readonly ids: { readonly least: string; readonly greatest: string } | null;
  /**
   * CSV without header: each user that rows without a fault refer to, and the first moment of any
   * of them. Null for users.
   */
  readonly references: string | null;
  /** CSV without header: number and original values of each row with a fault; null without any. */
  readonly originals: string | null;
}

/** The cleaned rows of a table, from all of its files; an attribute without a value is none. */
export function cleanedRows({ table, parts }: Pick<PreparedTable, 'table' | 'parts'>): string {
  const rows = readParquet([...new Set(parts.flatMap((part) => part.files))]);
  return table === 'user_attributes'
    ? `(SELECT * FROM ${rows} WHERE "reason" IS NOT NULL OR value IS NOT NULL)`
    : rows;
}

/** The table of DuckDB with the ids, in the key's column, that several rows without a fault have. */
export function repeatedIds(table: RawTable): string {
  return `repeated_${table}`;
}

/** Whether `repeatedIds` has any. */
export async function hasRepeatedIds(duckDb: DuckDb, table: RawTable): Promise<boolean> {
  return (await duckDb.rows(`FROM ${repeatedIds(table)} LIMIT 1`)).length > 0;
}

/** The table of DuckDB with each user that rows without a fault refer to, and their first moment. */
export function referredUsers(table: Exclude<RawTable, 'users'>): string {
  return `users_of_${table}`;
}

export interface PrepareOptions {
  readonly rules: CleaningRules;
  readonly scratch: string;
  /** Where the sources' labels are paths of files; absent for rows that no one keeps in files. */
  readonly folder?: string;
  /** Where cleaned files are kept, if they are. */
  readonly keeping?: KeptFolder;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads each source once and writes its cleaned rows, and what they say
 * together, into `scratch`. It touches no table, so it needs no lock: the transaction that follows is as short as it can be.
 *
 * @throws ChurnError INVALID_IMPORT when a file turns out malformed on the way.
 */
export async function prepareLoad(
  duckDb: DuckDb,
  sources: readonly SourceFile[],
  options: PrepareOptions,
): Promise<PreparedTable[]> {
  const prepared: PreparedTable[] = [];
  for (const table of rawTableNames) {
    const ofTable = sources.filter((source) => source.table === table);
    const ofFiles = await cleanFiles(duckDb, ofTable, options);
    const rowsBefore = ofFiles.reduce((sum, { rows }) => sum + rows, 0);
    const ofColumns =
      table === 'user_attributes'
        ? await cleanAttributeColumns(duckDb, sources, { ...options, prepared, rowsBefore })
        : [];
    const parts = [...ofFiles, ...ofColumns];
    if (parts.length > 0) prepared.push(await checkTable(duckDb, { table, parts, ...options }));
  }
  return prepared;
}

/** What the rows of a table say together. */
async function checkTable(
  duckDb: DuckDb,
  options: PrepareOptions & { table: RawTable; parts: readonly CleanedPart[] },
): Promise<PreparedTable> {
  const { table, parts, scratch, onProgress } = options;
  const cleaned = cleanedRows({ table, parts });
  const faultless = `${cleaned} WHERE "reason" IS NULL`;
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  // Three looks at all rows, the first of which takes most of the time.
  const watch = <T>(work: Promise<T>, from: number, to: number) =>
    whileWatching(duckDb, work, (share) => {
      const rows = Math.round(total * (from + (to - from) * share));
      onProgress?.({ table, phase: 'checking', rows, total });
    });
  const ids = await watch(examineIds(duckDb, table, faultless), 0, 0.6);
  const references = await watch(writeReferences(duckDb, table, { faultless, scratch }), 0.6, 0.8);
  const originals = await watch(writeOriginals(duckDb, table, { cleaned, scratch }), 0.8, 1);
  return { table, parts, ids, references, originals };
}

/** Rows are numbered through a table's files, so that a number stands for one row of the load. */
async function cleanFiles(
  duckDb: DuckDb,
  sources: readonly SourceFile[],
  { rules, scratch, folder, keeping, onProgress, signal }: PrepareOptions,
): Promise<CleanedPart[]> {
  const parts: CleanedPart[] = [];
  const total = sources.reduce((sum, { rowsAbout = 0 }) => sum + rowsAbout, 0);
  let rowsBefore = 0;
  for (const [index, found] of sources.entries()) {
    const { table, label } = found;
    const before = rowsBefore;
    const cleaned = await cleanSource(duckDb, found, {
      rules,
      scratch,
      name: `${table}.${index}`,
      rowsBefore,
      ...(folder === undefined ? {} : { sourceFile: path.join(folder, label) }),
      keeping,
      signal,
      onProgress: (phase, rows) => onProgress?.({ table, phase, rows: before + rows, total }),
    }).catch((error: unknown) => {
      throw malformedFile(label, error);
    });
    parts.push({ label, rowsBefore, text: textOf(found, folder), ...cleaned });
    rowsBefore += cleaned.rows;
    onProgress?.({
      table,
      phase: 'cleaning',
      rows: rowsBefore,
      total: Math.max(total, rowsBefore),
    });
  }
  return parts;
}

function textOf(
  { label, format, compression }: SourceFile,
  folder: string | undefined,
): SourceText | null {
  if (folder === undefined || format === 'parquet') return null;
  return { file: path.join(folder, label), format, compression };
}

async function writeOriginals(
  duckDb: DuckDb,
  table: RawTable,
  { cleaned, scratch }: { cleaned: string; scratch: string },
): Promise<string | null> {
  const file = path.join(scratch, `${table}.originals.csv`);
  const [copied] = await duckDb.rows<{ Count: bigint }>(
    `COPY (SELECT "row", "original" FROM ${cleaned} WHERE "reason" IS NOT NULL)
     TO ${quoteLiteral(file)} (FORMAT csv, HEADER false)`,
  );
  return copied!.Count === 0n ? null : file;
}

async function examineIds(
  duckDb: DuckDb,
  table: RawTable,
  faultless: string,
): Promise<PreparedTable['ids']> {
  const { key } = rawTables[table];
  await duckDb.run(`CREATE OR REPLACE TEMPORARY TABLE ${repeatedIds(table)} AS
    SELECT ${key} FROM ${faultless} GROUP BY ${key} HAVING count(*) > 1`);
  const [range] = await duckDb.rows<{ least: string | null; greatest: string | null }>(
    `SELECT min(${key}) AS least, max(${key}) AS greatest FROM ${faultless}`,
  );
  const { least, greatest } = range!;
  return least === null || greatest === null ? null : { least, greatest };
}

async function writeReferences(
  duckDb: DuckDb,
  table: RawTable,
  { faultless, scratch }: { faultless: string; scratch: string },
): Promise<string | null> {
  if (table === 'users') return null;
  const file = path.join(scratch, `${table}.references.csv`);
  await duckDb.run(`CREATE OR REPLACE TEMPORARY TABLE ${referredUsers(table)} AS
      SELECT user_id, min(event_time) AS event_time FROM ${faultless} GROUP BY user_id;
    COPY ${referredUsers(table)} TO ${quoteLiteral(file)} (FORMAT csv, HEADER false)`);
  return file;
}
