import path from 'node:path';
import { quoteLiteral, type DuckDb } from '../../duckdb';
import { dumpFile, dumpTables, segmentColumns, selectDump } from './dump-table';
import { withSegmentsOnDisk, type RawLogOptions } from './raw-log';
import type { RawSegment } from './raw-segment';
import { segmentRows } from './segment-rows';
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
  // Before the rows are dumped: what is mirrored afterwards would look like too much.
  return withSegmentsOnDisk(options, (onDisk) =>
    withScratch(options.scratchDir, (scratch) => {
      const folders = [path.resolve(options.rawLogDir), scratch];
      return withDuckDb(options.openDuckDb, folders, async (duckDb) => {
        await dumpTables(options.database, scratch);
        const audits: RawLogAudit[] = [];
        for (const table of rawTableNames) {
          const segments: RawSegment[] = [];
          for (const segment of onDisk[table]) {
            const isWhole = await isReadable(duckDb, table, segment.file).catch(() => false);
            if (isWhole) segments.push(segment);
          }
          audits.push(
            await auditTable(duckDb, table, { dump: dumpFile(scratch, table), segments }),
          );
        }
        return audits.reduce(add);
      });
    }),
  );
}

/** With another column or type, a segment is as good as torn. */
async function isReadable(duckDb: DuckDb, table: RawTable, file: string): Promise<boolean> {
  const rows = await segmentRows(duckDb, table, [file]);
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
  { dump, segments }: { dump: string; segments: readonly RawSegment[] },
): Promise<RawLogAudit> {
  const { key } = rawTables[table];
  const logged = await loggedRows(duckDb, table, segments);
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
 * All rows of the segments, each with the batch under which it is filed: its own, where its segment
 * may have it. They are one scan: of a relation for each segment, a join can't move its rows to disk
 * when memory is short.
 */
async function loggedRows(
  duckDb: DuckDb,
  table: RawTable,
  segments: readonly RawSegment[],
): Promise<string> {
  const columns = segmentColumns(table);
  const names = columns.map(({ name }) => name).join(', ');
  if (segments.length === 0) {
    const none = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${name}`);
    return `(SELECT ${none.join(', ')}, 0 AS filed_batch WHERE false)`;
  }
  const batches = segments.map(
    ({ file, firstBatch, lastBatch }) => `(${quoteLiteral(file)}, ${firstBatch}, ${lastBatch})`,
  );
  const files = segments.map(({ file }) => file);
  const rows = await segmentRows(duckDb, table, files, { withFileNames: true });
  return `(SELECT ${names}, CASE WHEN batch BETWEEN first AND last THEN batch ELSE first END
      AS filed_batch
    FROM ${rows} JOIN (VALUES ${batches.join(', ')}) AS f(filename, first, last)
      USING (filename))`;
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
