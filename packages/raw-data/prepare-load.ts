import path from 'node:path';
import { quoteLiteral, type DuckDb } from '../duckdb';
import { cleanRowsSql, type CleaningRules } from './clean-rows-sql';
import { refuse } from './find-source-tables';
import type { RawTable } from './raw-tables';
import { carriesArrival, type SourceTable } from './source-table';

/** A source's rows, cleaned one by one, waiting in a file for the load's transaction. */
export interface PreparedTable {
  readonly table: RawTable;
  readonly label: string;
  readonly carriesArrival: boolean;
  /** CSV without header: row, reason, the table's columns, ingested_at. */
  readonly file: string;
}

/**
 * Reads each source once and writes its cleaned rows beside each other into `scratch`. It touches
 * no table, so it needs no lock: the transaction that follows is as short as it can be.
 *
 * @throws ChurnError INVALID_IMPORT when a file turns out malformed on the way.
 */
export async function prepareLoad(
  duckDb: DuckDb,
  sources: readonly SourceTable[],
  options: { rules: CleaningRules; scratch: string },
): Promise<PreparedTable[]> {
  const prepared: PreparedTable[] = [];
  for (const source of sources) {
    const file = path.join(options.scratch, `${source.table}.cleaned.csv`);
    const query = cleanRowsSql(source, options.rules);
    await duckDb
      .run(`COPY (${query}) TO ${quoteLiteral(file)} (FORMAT csv, HEADER false)`)
      .catch((error: Error) => {
        throw refuse(`${source.label} is malformed${whereAndWhy(error.message)}`, error);
      });
    const { table, label } = source;
    prepared.push({ table, label, carriesArrival: carriesArrival(source), file });
  }
  return prepared;
}

/** The line and the cause out of DuckDB's message, without the row itself or any path. */
function whereAndWhy(message: string): string {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  const why =
    /Expected Number of Columns: \d+ Found: \d+/.exec(message)?.[0] ??
    /(Value with unterminated quote found|Invalid unicode|Maximum line size|state machine reached an invalid state)/.exec(
      message,
    )?.[0];
  return `${line ? ` at line ${line}` : ''}${why ? ` (${why})` : ''}`;
}
