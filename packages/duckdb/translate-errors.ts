import type { DuckDBConnection } from '@duckdb/node-api';
import { asDuckDbError, type ErrorContext } from './duckdb-errors';
import { quoteFile } from './quote-sql';

/**
 * A connection whose errors are those of the catalogue. It refuses to stream: with this binding, a
 * stream that fails on the way ends as if all rows had come. `run` rejects, and so does all that is
 * built on it, such as `runAndReadAll`.
 */
export function translateErrors(
  connection: DuckDBConnection,
  options: Omit<ErrorContext, 'findUnreadable'>,
): DuckDBConnection {
  const context: ErrorContext = {
    ...options,
    findUnreadable: (files) => findUnreadable(connection, files),
  };
  const translated = Object.create(connection) as DuckDBConnection;
  translated.run = async (sql, ...rest) => {
    try {
      return await connection.run(sql, ...rest);
    } catch (error) {
      throw await asDuckDbError(error, sql, context);
    }
  };
  const refuse = () =>
    Promise.reject<never>(new Error('a stream would not report its errors: use run'));
  translated.stream = refuse;
  translated.start = refuse;
  translated.startStream = refuse;
  return translated;
}

/** Reads each file whole, as it is only done once something has failed. */
async function findUnreadable(
  connection: DuckDBConnection,
  files: readonly string[],
): Promise<string | undefined> {
  for (const file of files) {
    try {
      await connection.run(`SELECT max(COLUMNS(*)) FROM read_parquet(${quoteFile(file)})`);
    } catch {
      return file;
    }
  }
  return undefined;
}
