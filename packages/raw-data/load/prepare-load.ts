import path from 'node:path';
import { quoteLiteral, readParquet, saidByDuckDb, type DuckDb } from '../../duckdb';
import { cleanAttributeColumns, type CleanedPart } from './attribute-columns';
import { cleanRowsSql, usedRatesSql, type CleaningRules } from './clean-rows-sql';
import { originalValuesSql } from '../rejected/original-values';
import type { SourceText } from '../rejected/read-text';
import { refuse } from '../sources/refuse-import';
import { rawTableNames, rawTables, type RawTable } from '../raw-tables';
import type { SourceFile } from '../sources/source-file';
import type { UsedRate } from '../values/conversion-sql';
import { settleTimes } from '../values/settle-times';

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
  const rows = readParquet([...new Set(parts.map((part) => part.file))]);
  return table === 'user_attributes'
    ? `(SELECT * FROM ${rows} WHERE "reason" IS NOT NULL OR value IS NOT NULL)`
    : rows;
}

/** The table of DuckDB with the ids, in the key's column, that several rows without a fault have. */
export function repeatedIds(table: RawTable): string {
  return `repeated_${table}`;
}

export interface PrepareOptions {
  readonly rules: CleaningRules;
  readonly scratch: string;
  /** Where the sources' labels are paths of files; absent for rows that no one keeps in files. */
  readonly folder?: string;
}

/**
 * Reads each source once (one with faulty rows twice) and writes its cleaned rows, and what they say
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
    const columns =
      table === 'user_attributes'
        ? await cleanAttributeColumns(duckDb, sources, { ...options, prepared, rowsBefore })
        : { parts: [], originals: [] };
    const parts = [...ofFiles, ...columns.parts];
    if (parts.length === 0) continue;
    const faultless = `${cleanedRows({ table, parts })} WHERE "reason" IS NULL`;
    const ids = await examineIds(duckDb, table, faultless);
    const references = await writeReferences(duckDb, table, { faultless, ...options });
    const originals = await writeOriginals(duckDb, {
      table,
      sources: ofTable,
      parts: ofFiles,
      others: columns.originals,
      ...options,
    });
    prepared.push({ table, parts, ids, references, originals });
  }
  return prepared;
}

/** Rows are numbered through a table's files, so that a number stands for one row of the load. */
async function cleanFiles(
  duckDb: DuckDb,
  sources: readonly SourceFile[],
  { rules, scratch, folder }: PrepareOptions,
): Promise<CleanedPart[]> {
  const parts: CleanedPart[] = [];
  let rowsBefore = 0;
  for (const [index, found] of sources.entries()) {
    const { table, label } = found;
    const file = path.join(scratch, `${table}.${index}.cleaned.parquet`);
    const copy = path.join(scratch, `${table}.${index}.exact.parquet`);
    let usedRates: readonly UsedRate[] = [];
    const [copied] = await settleTimes(duckDb, found, copy)
      .then(async (source) => {
        const usedSql = usedRatesSql(source, rules);
        if (usedSql !== null) usedRates = await duckDb.rows<UsedRate>(usedSql);
        const query = `SELECT * REPLACE ("row" + ${rowsBefore} AS "row") FROM (${cleanRowsSql(source, rules)})`;
        return duckDb.rows<{ Count: bigint }>(
          `COPY (${query}) TO ${quoteLiteral(file)} (FORMAT parquet)`,
        );
      })
      .catch((error: unknown) => {
        const said = saidByDuckDb(error);
        throw said === undefined
          ? error
          : refuse(`${label} is malformed${whereAndWhy(said)}`, error);
      });
    const rows = Number(copied!.Count);
    parts.push({ label, file, rowsBefore, rows, usedRates, text: textOf(found, folder) });
    rowsBefore += rows;
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

/** Numbers as in `cleanFiles`: both count the relation's rows in its order. */
async function writeOriginals(
  duckDb: DuckDb,
  options: {
    table: RawTable;
    sources: readonly SourceFile[];
    parts: readonly CleanedPart[];
    /** SQL for those that are not of these files. */
    others: readonly string[];
    scratch: string;
  },
): Promise<string | null> {
  const { table, sources, parts, others, scratch } = options;
  const queries = [...others];
  for (const [index, { file, rowsBefore }] of parts.entries()) {
    const faulty = `SELECT "row" FROM ${readParquet([file])} WHERE "reason" IS NOT NULL`;
    const [first] = await duckDb.rows(`${faulty} LIMIT 1`);
    if (!first) continue;
    const source = sources[index]!;
    queries.push(`SELECT "row", "values" FROM (
      SELECT row_number() OVER () + ${rowsBefore} AS "row", ${originalValuesSql(source)} AS "values"
      FROM ${source.relation}) SEMI JOIN (${faulty}) USING ("row")`);
  }
  if (queries.length === 0) return null;
  const file = path.join(scratch, `${table}.originals.csv`);
  await duckDb.run(
    `COPY (${queries.join(' UNION ALL ')}) TO ${quoteLiteral(file)} (FORMAT csv, HEADER false)`,
  );
  return file;
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
  await duckDb.run(`COPY (SELECT user_id, min(event_time) FROM ${faultless} GROUP BY user_id)
    TO ${quoteLiteral(file)} (FORMAT csv, HEADER false)`);
  return file;
}

/** The line and the cause out of DuckDB's message, without the row itself or any path. */
function whereAndWhy(message: string): string {
  const [, place, number] =
    /(?:CSV Error on Line: |, in (line|record\/value) )(\d+)/.exec(message) ?? [];
  const why =
    /Expected Number of Columns: \d+ Found: \d+/.exec(message)?.[0] ??
    /(Value with unterminated quote found|Invalid unicode|Maximum line size|state machine reached an invalid state|Expected OBJECT|duplicate key "[^"]*")/.exec(
      message,
    )?.[0];
  const where = place === 'record/value' ? `in object ${number}` : `at line ${number}`;
  return `${number ? ` ${where}` : ''}${why ? ` (${why})` : ''}`;
}
