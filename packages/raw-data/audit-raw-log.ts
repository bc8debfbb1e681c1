import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readParquet, withDuckDbs, type DuckDb } from '../duckdb';
import { condensedLog, countCondensedMismatches, listUncondensed } from './condense-events';
import { dumpFile, dumpTables, segmentColumns, selectDump } from './dump-table';
import { listMirroredBatches, segmentFile, type RawLogOptions } from './raw-log';
import { rawTableNames, rawTables, type RawTable } from './raw-tables';
import { withDuckDb, withScratch } from './scratch';

/** Counts of rows over all tables. */
export interface RawLogAudit {
  readonly equal: number;
  /** In Postgres and not in the log; also rows of batches that are not mirrored yet. */
  readonly missing: number;
  /** In the log and not in Postgres. */
  readonly extra: number;
  /**
   * In both, with some other value, or filed under another batch; and rows of condensed copies that
   * are not what their segment gives.
   */
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
      await dumpTables(options.database, scratch);
      const audits: RawLogAudit[] = [];
      for (const table of rawTableNames) {
        const segments = await listReadableSegments(duckDb, rawLogDir, table);
        audits.push(await auditTable(duckDb, table, { dump: dumpFile(scratch, table), segments }));
        if (table === 'user_events') {
          const files = segments.map(({ file }) => file);
          audits.push(await auditCondensed(duckDb, { ...options, rawLogDir }, files));
        }
      }
      return audits.reduce(add);
    }),
  );
}

/** Copies that are not there yet are made when they are needed. */
async function auditCondensed(
  duckDb: DuckDb,
  { rawLogDir, condenseBy }: RawLogOptions,
  segments: readonly string[],
): Promise<RawLogAudit> {
  const none = { equal: 0, missing: 0, extra: 0, mismatched: 0, not_comparable: 0 } as const;
  if (!condenseBy) return none;
  const log = condensedLog(rawLogDir, condenseBy);
  const waiting = await listUncondensed(log, segments);
  return withDuckDbs([duckDb.openSingleThreaded()], async ([oneThread]) => {
    let mismatched = 0;
    for (const segment of segments) {
      if (waiting.includes(segment)) continue;
      // A copy that can't be read is wrong in at least one row.
      const canBeRead = await isReadable(duckDb, `FROM ${readParquet([log.fileOf(segment)])}`);
      mismatched += canBeRead ? await countCondensedMismatches(oneThread!, log, segment) : 1;
    }
    return { ...none, mismatched };
  });
}

interface Segment {
  readonly batch: number;
  readonly file: string;
}

async function listReadableSegments(
  duckDb: DuckDb,
  rawLogDir: string,
  table: RawTable,
): Promise<Segment[]> {
  const isThere = await stat(rawLogDir).catch(() => null);
  const batches = isThere ? await listMirroredBatches(rawLogDir) : [];
  const segments = batches.map((batch) => ({ batch, file: segmentFile(rawLogDir, batch, table) }));
  const readable: Segment[] = [];
  for (const segment of segments) {
    const rows = `SELECT ${typedColumns(table)} FROM ${readParquet([segment.file])}`;
    if (await isReadable(duckDb, rows)) readable.push(segment);
  }
  return readable;
}

/** Hashing every value is what finds a damaged page; the footer alone may be whole. */
function isReadable(duckDb: DuckDb, rows: string): Promise<boolean> {
  return duckDb.run(`SELECT count(hash(COLUMNS(*))) FROM (${rows})`).then(
    () => true,
    () => false,
  );
}

async function auditTable(
  duckDb: DuckDb,
  table: RawTable,
  { dump, segments }: { dump: string; segments: readonly Segment[] },
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

/** All rows of the segments, each with the batch under whose folder it is filed. */
function loggedRows(table: RawTable, segments: readonly Segment[]): string {
  const selects = segments.map((segment) => {
    return `SELECT ${typedColumns(table)}, ${segment.batch} AS filed_batch FROM ${readParquet([segment.file])}`;
  });
  const none = segmentColumns(table).map(({ name, type }) => `CAST(NULL AS ${type}) AS ${name}`);
  const empty = `SELECT ${none.join(', ')}, 0 AS filed_batch WHERE false`;
  return `(${[empty, ...selects].join(' UNION ALL ')})`;
}

/** A segment with another column or type is as unreadable as a torn one. */
function typedColumns(table: RawTable): string {
  return segmentColumns(table)
    .map(({ name, type }) => `CAST(${name} AS ${type}) AS ${name}`)
    .join(', ');
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
