import { stat } from 'node:fs/promises';
import path from 'node:path';
import { quoteFiles, readParquet, type DuckDb } from '../../duckdb';
import { dumpFile, dumpTables, segmentColumns, selectDump } from './dump-table';
import { batchOfFolder, listMirroredBatches, segmentFile, type RawLogOptions } from './raw-log';
import { rawTableNames, rawTables, type RawTable } from '../raw-tables';
import { withDuckDb, withScratch } from '../scratch';

/** Counts of rows over all tables. */
export interface RawLogAudit {
  readonly equal: number;
  /** In Postgres and not in the log; also rows of batches that are not mirrored yet. */
  readonly missing: number;
  /** In the log and not in Postgres. */
  readonly extra: number;
  /** In both, with some other value, or filed under another batch. */
  readonly mismatched: number;
  /** Always 0: rows can always be compared. */
  readonly not_comparable: number;
}

/**
 * Compares all rows of Postgres with all rows of the raw log, both ways. It mends nothing. Rows of
 * a segment that can't be read are missing.
 */
export async function auditRawLog(options: RawLogOptions): Promise<RawLogAudit> {
  const rawLogDir = path.resolve(options.rawLogDir);
  return withScratch(options.scratchDir, (scratch) =>
    withDuckDb(options.openDuckDb, [rawLogDir, scratch], async (duckDb) => {
      // Before the rows are dumped: what is mirrored afterwards would look like too much.
      const batches = await listBatches(rawLogDir);
      await dumpTables(options.database, scratch);
      const audits: RawLogAudit[] = [];
      for (const table of rawTableNames) {
        const segments = await listReadableSegments(duckDb, { rawLogDir, batches, table });
        audits.push(await auditTable(duckDb, table, { dump: dumpFile(scratch, table), segments }));
      }
      return audits.reduce(add);
    }),
  );
}

async function listBatches(rawLogDir: string): Promise<number[]> {
  const isThere = await stat(rawLogDir).catch(() => null);
  return isThere ? await listMirroredBatches(rawLogDir) : [];
}

/** The files of the segments that can be read; with another column or type one is as good as torn. */
async function listReadableSegments(
  duckDb: DuckDb,
  { rawLogDir, batches, table }: { rawLogDir: string; batches: readonly number[]; table: RawTable },
): Promise<string[]> {
  const files = batches.map((batch) => segmentFile(rawLogDir, batch, table));
  const readable: string[] = [];
  for (const file of files) {
    if (await isReadable(duckDb, table, file).catch(() => false)) readable.push(file);
  }
  return readable;
}

async function isReadable(duckDb: DuckDb, table: RawTable, file: string): Promise<boolean> {
  const rows = readParquet([file]);
  const columns = await duckDb.rows(
    `SELECT column_name AS name, column_type AS type FROM (DESCRIBE FROM ${rows})`,
  );
  if (JSON.stringify(columns) !== JSON.stringify(segmentColumns(table))) return false;
  // Hashing every value is what finds a damaged page; the footer alone may be whole.
  await duckDb.run(`SELECT count(hash(COLUMNS(*))) FROM ${rows}`);
  return true;
}

async function auditTable(
  duckDb: DuckDb,
  table: RawTable,
  { dump, segments }: { dump: string; segments: readonly string[] },
): Promise<RawLogAudit> {
  const { key } = rawTables[table];
  const logged = loggedRows(table, segments);
  const isSame = segmentColumns(table).map(
    ({ name }) => `l.${name} IS NOT DISTINCT FROM p.${name}`,
  );
  await duckDb.run(`CREATE OR REPLACE TEMP TABLE present AS ${selectDump(table, dump)}`);
  const [counts] = await duckDb.rows<Record<'present' | 'logged' | 'found' | 'equal', bigint>>(`
    SELECT (SELECT count(*) FROM present) AS present, (SELECT count(*) FROM ${logged}) AS logged,
      (SELECT count(*) FROM present AS p SEMI JOIN ${logged} AS l ON l.${key} = p.${key}) AS found,
      (SELECT count(*) FROM present AS p SEMI JOIN ${logged} AS l
        ON l.${key} = p.${key} AND l.filed_batch = p.batch AND ${isSame.join(' AND ')}) AS equal`);
  const found = Number(counts!.found);
  const equal = Number(counts!.equal);
  return {
    equal,
    missing: Number(counts!.present) - found,
    extra: Number(counts!.logged) - found,
    mismatched: found - equal,
    not_comparable: 0,
  };
}

/**
 * All rows of the segments, each with the batch under whose folder it is filed. They are one scan: of
 * a relation for each segment, a join can't move its rows to disk when memory is short.
 */
function loggedRows(table: RawTable, segments: readonly string[]): string {
  const names = segmentColumns(table).map(({ name }) => name);
  if (segments.length === 0) {
    const none = segmentColumns(table).map(({ name, type }) => `CAST(NULL AS ${type}) AS ${name}`);
    return `(SELECT ${none.join(', ')}, 0 AS filed_batch WHERE false)`;
  }
  return `(SELECT ${names.join(', ')}, ${batchOfFolder('filename')} AS filed_batch
    FROM read_parquet(${quoteFiles(segments)}, hive_partitioning = false, filename = true))`;
}

function add(left: RawLogAudit, right: RawLogAudit): RawLogAudit {
  return {
    equal: left.equal + right.equal,
    missing: left.missing + right.missing,
    extra: left.extra + right.extra,
    mismatched: left.mismatched + right.mismatched,
    not_comparable: 0,
  };
}
