import path from 'node:path';
import {
  AUDIT_EXAMPLES_MAX,
  isChurnError,
  type AuditReport,
  type AuditVerdict,
} from '../../contracts';
import { quoteLiteral, type DuckDb } from '../../duckdb';
import { dumpFile, dumpTables, segmentColumns, selectDump } from './dump-table';
import { MANIFEST_FILE, mergedFolder } from './log-manifest';
import { withLogOnDisk, type LogOnDisk, type RawLogOptions } from './raw-log';
import { withoutReaderFolder } from './reader-folder';
import type { RawSegment } from './raw-segment';
import { segmentRows } from './segment-rows';
import { rawTableNames, rawTables, type RawTable } from '../raw-tables';
import { withDuckDb, withScratch } from '../scratch';

/** Something of the log that is not as Postgres has it. */
export interface LogDamage {
  readonly table: RawTable;
  /** The batches that it concerns, both inclusive. */
  readonly firstBatch: number;
  readonly lastBatch: number;
  /** As `damaged raw_log/batch=000001/users.parquet (batch 1): it is cut off`. */
  readonly text: string;
}

export interface LogComparison {
  /** Rows: missing ones are in Postgres and not in the log; mismatched ones may be filed wrongly. */
  readonly counts: Readonly<Record<AuditVerdict, number>>;
  /** Files first. */
  readonly damage: readonly LogDamage[];
}

/**
 * Compares all rows of Postgres with all rows of the raw log, both ways, and names the files that are
 * damaged or gone, and the batches whose rows differ. It mends nothing. Rows of a segment that can't be
 * read are missing, and so are those of batches that are not mirrored yet.
 */
export async function auditRawLog(options: RawLogOptions): Promise<AuditReport> {
  // Before the rows are dumped: what is mirrored afterwards would look like too much.
  return withLogOnDisk(options, async (log) => {
    const { counts, damage } = await compareLog(options, log);
    return {
      ...counts,
      examples: describeDamage(options, log, damage).slice(0, AUDIT_EXAMPLES_MAX),
    };
  });
}

/** What is wrong with a log, a sentence each, the manifest first. */
export function describeDamage(
  options: RawLogOptions,
  { manifestProblem }: LogOnDisk,
  damage: readonly LogDamage[],
): string[] {
  const manifest = path.join(nameIn(options, mergedFolder(options.rawLogDir)), MANIFEST_FILE);
  return [
    ...(manifestProblem === undefined ? [] : [`damaged ${manifest}: it ${manifestProblem}`]),
    ...damage.map(({ text }) => text),
  ];
}

/** Compares a log with Postgres. Its segments must stay meanwhile. */
export function compareLog(options: RawLogOptions, log: LogOnDisk): Promise<LogComparison> {
  return withScratch(options.scratchDir, (scratch) => {
    const folders = [path.resolve(options.rawLogDir), scratch];
    return withDuckDb(options.openDuckDb, folders, async (duckDb) => {
      await dumpTables(options.database, scratch);
      const ofFiles: LogDamage[] = [];
      const ofRows: LogDamage[] = [];
      let counts = nothing;
      for (const table of rawTableNames) {
        const { whole, damage } = await judgeFiles(options, duckDb, { table, log });
        ofFiles.push(...damage);
        const dump = dumpFile(scratch, table);
        const rows = await compareTable(duckDb, table, { dump, segments: whole });
        counts = add(counts, rows.counts);
        ofRows.push(...rows.damage);
      }
      return { counts, damage: [...ofFiles, ...ofRows] };
    });
  });
}

/** The segments of a table that can be read, and what is wrong with the others. */
async function judgeFiles(
  options: RawLogOptions,
  duckDb: DuckDb,
  { table, log }: { table: RawTable; log: LogOnDisk },
): Promise<{ whole: RawSegment[]; damage: LogDamage[] }> {
  const whole: RawSegment[] = [];
  const describe = (verdict: string, { file, firstBatch, lastBatch }: RawSegment): LogDamage => {
    const batches =
      firstBatch === lastBatch ? `batch ${firstBatch}` : `batches ${firstBatch} to ${lastBatch}`;
    const text = `${verdict} ${nameIn(options, withoutReaderFolder(file))} (${batches})`;
    return { table, firstBatch, lastBatch, text };
  };
  const damage = log.gone[table].map((segment) => describe('missing', segment));
  for (const segment of log.segments[table]) {
    const problem = await findProblem(duckDb, table, segment.file);
    if (problem === undefined) {
      whole.push(segment);
    } else {
      const damaged = describe('damaged', segment);
      damage.push({ ...damaged, text: `${damaged.text}: ${problem}` });
    }
  }
  return { whole, damage };
}

/** The name of a file as the catalogue's errors have it: below the data directory. */
function nameIn({ rawLogDir }: RawLogOptions, file: string): string {
  return path.relative(path.dirname(path.resolve(rawLogDir)), path.resolve(file));
}

/** With another column or type, a segment is as good as torn. */
async function findProblem(
  duckDb: DuckDb,
  table: RawTable,
  file: string,
): Promise<string | undefined> {
  try {
    const rows = await segmentRows(duckDb, table, [file]);
    const columns = await duckDb.rows(
      `SELECT column_name AS name, column_type AS type FROM (DESCRIBE FROM ${rows})`,
    );
    if (JSON.stringify(columns) !== JSON.stringify(segmentColumns(table))) {
      return 'it has other columns';
    }
    // Hashing every value is what finds a damaged page; the footer alone may be whole.
    await duckDb.run(`SELECT count(hash(COLUMNS(*))) FROM ${rows}`);
    return undefined;
  } catch (error) {
    if (!isChurnError(error)) return "it can't be read";
    // What has to do with the machine, and not with the file, is not said of the file.
    if (error.code === 'DUCKDB_OUT_OF_MEMORY' || error.code === 'STORAGE_UNAVAILABLE') throw error;
    return error.code === 'CORRUPT_FILE' ? String(error.details.problem) : "it can't be read";
  }
}

async function compareTable(
  duckDb: DuckDb,
  table: RawTable,
  { dump, segments }: { dump: string; segments: readonly RawSegment[] },
): Promise<LogComparison> {
  const { key } = rawTables[table];
  const logged = await loggedRows(duckDb, table, segments);
  const same = segmentColumns(table).map(({ name }) => `l.${name} IS NOT DISTINCT FROM p.${name}`);
  const isSame = `l.${key} = p.${key} AND l.filed_batch = p.batch AND ${same.join(' AND ')}`;
  await duckDb.run(`CREATE OR REPLACE TEMP TABLE present AS ${selectDump(table, dump)}`);
  const [found] = await duckDb.rows<Record<'present' | 'logged' | 'found' | 'equal', bigint>>(`
    SELECT (SELECT count(*) FROM present) AS present, (SELECT count(*) FROM ${logged}) AS logged,
      (SELECT count(*) FROM present AS p SEMI JOIN ${logged} AS l ON l.${key} = p.${key}) AS found,
      (SELECT count(*) FROM present AS p SEMI JOIN ${logged} AS l ON ${isSame}) AS equal`);
  const counts = {
    equal: Number(found!.equal),
    missing: Number(found!.present - found!.found),
    extra: Number(found!.logged - found!.found),
    mismatched: Number(found!.found - found!.equal),
    not_comparable: 0,
  };
  const isEqual = counts.missing + counts.extra + counts.mismatched === 0;
  const damage = isEqual ? [] : await findBatches(duckDb, table, { key, logged, isSame });
  return { counts, damage };
}

/** The batches whose rows differ; `present` holds what Postgres has. */
async function findBatches(
  duckDb: DuckDb,
  table: RawTable,
  { key, logged, isSame }: Record<'key' | 'logged' | 'isSame', string>,
): Promise<LogDamage[]> {
  const found = await duckDb.rows<{ batch: number; verdict: string; rows: bigint }>(`
    SELECT batch, verdict, count(*) AS rows FROM (
      SELECT p.batch, 'missing' AS verdict
      FROM present AS p ANTI JOIN ${logged} AS l ON l.${key} = p.${key}
      UNION ALL
      SELECT p.batch, 'mismatched'
      FROM (SELECT p.* FROM present AS p SEMI JOIN ${logged} AS l ON l.${key} = p.${key}) AS p
      ANTI JOIN ${logged} AS l ON ${isSame}
      UNION ALL
      SELECT l.filed_batch, 'extra'
      FROM ${logged} AS l ANTI JOIN present AS p ON l.${key} = p.${key} AND l.filed_batch = p.batch
    ) GROUP BY ALL ORDER BY batch, verdict`);
  return found.map(({ batch, verdict, rows }) => ({
    table,
    firstBatch: batch,
    lastBatch: batch,
    text: `${verdict} in batch ${batch}: ${rows} ${rows === 1n ? 'row' : 'rows'} of ${table}`,
  }));
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

const nothing: LogComparison['counts'] = {
  equal: 0,
  missing: 0,
  extra: 0,
  mismatched: 0,
  not_comparable: 0,
};

function add(left: LogComparison['counts'], right: LogComparison['counts']) {
  return {
    equal: left.equal + right.equal,
    missing: left.missing + right.missing,
    extra: left.extra + right.extra,
    mismatched: left.mismatched + right.mismatched,
    not_comparable: 0,
  };
}
