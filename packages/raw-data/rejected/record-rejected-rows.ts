import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { copyIn, copyOut, type TransactionSql } from '../../database';
import type { RejectionReason } from './rejection-reasons';
import { FAULTY_PROPERTY, hasProperties } from '../properties/property-types';
import { writtenPropertiesSql } from '../properties/stored-properties-sql';
import type { RawTable } from '../raw-tables';
import type { SourceText } from './read-text';
import { writeRecordLines } from './write-record-lines';

/** Temporary tables of the load's transaction. */
const GATHERED = 'rejected_of_load';
const LINES = 'lines_of_rejected';

/** The first row of a table that was rejected for a reason, and how many there are. */
export interface RejectedExample {
  readonly table: RawTable;
  readonly reason: RejectionReason;
  /** Of an `invalid_property`, which one it is; null otherwise. */
  readonly property: string | null;
  readonly rows: number;
  readonly source: string;
  /** The row's number in its file, from 1. */
  readonly row: number;
  /** Where it begins in its file; null where the file has no lines. */
  readonly line: number | null;
  readonly values: Readonly<Record<string, string>> | null;
}

/** One file of a staged table. */
export interface StagedPart {
  readonly label: string;
  /** The number of its first row is the one after these. */
  readonly rowsBefore: number;
  readonly rows: number;
  /** Where its rows are found by line; null where there are no lines. */
  readonly text: SourceText | null;
}

/** A table of the load, as it was staged. */
export interface StagedTable {
  readonly table: RawTable;
  readonly parts: readonly StagedPart[];
  /** A file of what `originalValuesSql` says of each row with a fault of its own; null without any. */
  readonly originals: string | null;
  /** The temporary table of cleaned rows, and that of the faults which the transaction found. */
  readonly staged: string;
  readonly found: string;
}

/**
 * Puts together what is known of the load's rejected rows: their file, number, line, reason and
 * values. A row with a fault of its own has the texts of its file; a row that was refused because of
 * what is known already has the values that it would have been stored with.
 *
 * Must run in the load's transaction, after its tables were staged; a file is read again for the
 * lines only if it has rejected rows.
 *
 * @param scratch  A folder for what is on its way.
 */
export async function gatherRejectedRows(
  tx: TransactionSql,
  tables: readonly StagedTable[],
  scratch: string,
): Promise<void> {
  await tx.unsafe(
    `CREATE TEMPORARY TABLE ${GATHERED} (table_name text, source text, place bigint, "row" bigint,
       reason text, property text, "values" jsonb) ON COMMIT DROP;
     CREATE TEMPORARY TABLE ${LINES} (source text, "row" bigint, line bigint) ON COMMIT DROP`,
  );
  for (const table of tables) {
    await gatherTable(tx, table);
    for (const part of table.parts) await addLines(tx, part, scratch);
  }
}

async function gatherTable(
  tx: TransactionSql,
  { table, parts, originals, staged, found }: StagedTable,
): Promise<void> {
  const originalsOf = `originals_of_${table}`;
  await tx.unsafe(
    `CREATE TEMPORARY TABLE ${originalsOf} ("row" bigint, "values" jsonb) ON COMMIT DROP`,
  );
  if (originals !== null) {
    await copyIn(tx, `COPY ${originalsOf} FROM STDIN (FORMAT csv)`, originals);
  }
  const [faultyProperty, properties] = hasProperties(table)
    ? [`s.${FAULTY_PROPERTY}`, ` UNION ALL ${writtenPropertiesSql('s.properties')}`]
    : ['NULL', ''];
  const stored = `(
         SELECT jsonb_object_agg(key, value) FROM (
           SELECT key, value FROM jsonb_each_text(
             to_jsonb(s) - ARRAY['row', 'reason', 'properties', '${FAULTY_PROPERTY}'])${properties}
         ) AS each WHERE value IS NOT NULL)`;
  // Of attributes some are refused with the row that they are about, and others know their id.
  const values =
    table === 'user_attributes'
      ? `coalesce(${stored}, '{}') || coalesce(jsonb_strip_nulls(o."values"), '{}')`
      : 'jsonb_strip_nulls(o."values")';
  await tx.unsafe(
    `INSERT INTO ${GATHERED}
     SELECT '${table}', part.label, faulty."row", faulty."row" - part.rows_before, faulty.reason,
       faulty.property, faulty."values"
     FROM (
       SELECT s."row", s.reason, ${faultyProperty} AS property, ${values} AS "values"
       FROM ${staged} AS s LEFT JOIN ${originalsOf} AS o ON o."row" = s."row"
       WHERE s.reason IS NOT NULL
       UNION ALL
       SELECT f."row", f.reason, NULL, ${stored}
       FROM ${found} AS f JOIN ${staged} AS s ON s."row" = f."row"
     ) AS faulty
     CROSS JOIN LATERAL (
       SELECT * FROM unnest($1::text[], $2::bigint[])
         WITH ORDINALITY AS part (label, rows_before, place)
       WHERE part.rows_before < faulty."row" ORDER BY part.place DESC LIMIT 1
     ) AS part`,
    [parts.map(({ label }) => label), parts.map(({ rowsBefore }) => rowsBefore)],
  );
}

/** However many rows are rejected, few of their numbers are in memory at a time. */
async function addLines(tx: TransactionSql, part: StagedPart, scratch: string): Promise<void> {
  const { text, label } = part;
  if (text === null) return;
  const rows = path.join(scratch, 'rejected.rows');
  const lines = path.join(scratch, 'rejected.lines');
  await tx.unsafe(
    `CREATE TEMPORARY TABLE rows_of_part ON COMMIT DROP AS
     SELECT "row" FROM ${GATHERED} WHERE source = $1 ORDER BY "row"`,
    [label],
  );
  await copyOut(tx, 'COPY rows_of_part TO STDOUT', rows);
  await tx`DROP TABLE rows_of_part`;
  const { size } = await stat(rows);
  if (size > 0 && (await writeRecordLines({ ...part, text }, { rows, lines }))) {
    await copyIn(tx, `COPY ${LINES} FROM STDIN (FORMAT csv)`, lines);
  }
  await Promise.all([rows, lines].map((file) => rm(file, { force: true })));
}
/** Of each table and reason the first row, in the order of tables as loaded, most rows first. */
export async function rejectedExamples(tx: TransactionSql): Promise<RejectedExample[]> {
  const examples = await tx<RejectedExample[]>`
    SELECT first.table_name AS "table", first.reason, first.property, first.rows, first.source, first."row",
      lines.line, first."values"
    FROM (
      SELECT DISTINCT ON (table_name, reason) *,
        count(*) OVER (PARTITION BY table_name, reason) AS rows
      FROM ${tx(GATHERED)} ORDER BY table_name, reason, place
    ) AS first
    LEFT JOIN ${tx(LINES)} AS lines ON lines.source = first.source AND lines."row" = first."row"
    ORDER BY first.rows DESC, first.table_name, first.reason`;
  return [...examples];
}

/** Keeps what was gathered; the batch must be there. */
export async function recordRejectedRows(tx: TransactionSql, batch: number): Promise<void> {
  await tx`
    INSERT INTO raw_data.rejected_rows
      (batch, source, "row", reason, property, table_name, line, "values")
    SELECT ${batch}::integer, gathered.source, gathered."row", gathered.reason,
      gathered.property, gathered.table_name, lines.line, gathered."values"
    FROM ${tx(GATHERED)} AS gathered
    LEFT JOIN ${tx(LINES)} AS lines
      ON lines.source = gathered.source AND lines."row" = gathered."row"`;
}
