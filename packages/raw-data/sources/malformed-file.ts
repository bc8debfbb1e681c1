import { saidByDuckDb } from '../../duckdb';
import { refuse } from './refuse-import';

/**
 * What is thrown where reading a file's rows fails: that the file is malformed, where DuckDB said so, and
 * any other error as it is.
 */
export function malformedFile(label: string, error: unknown): unknown {
  const said = saidByDuckDb(error);
  return said === undefined ? error : refuse(`${label} is malformed${whereAndWhy(said)}`, error);
}

/** The line and the cause out of DuckDB's message, without the row itself or any path. */
function whereAndWhy(message: string): string {
  const [, place, number] =
    /(?:CSV Error on Line: |, in (line|record\/value) )(\d+)/.exec(message) ?? [];
  const why =
    /Expected Number of Columns: \d+ Found: \d+/.exec(message)?.[0] ??
    /(Value with unterminated quote found|Invalid unicode|Maximum line size|state machine reached an invalid state|Input is not a GZIP stream|Expected OBJECT|duplicate key "[^"]*")/.exec(
      message,
    )?.[0];
  const where = place === 'record/value' ? `in object ${number}` : `at line ${number}`;
  return `${number ? ` ${where}` : ''}${why ? ` (${why})` : ''}`;
}
