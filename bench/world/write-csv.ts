import path from 'node:path';
import { quoteLiteral } from '../../packages/duckdb/quote-sql';
import type { Application } from '../../packages/application/application';

/** Writes the rows of a DuckDB query over the data folder, or `readsFrom`, as CSV with a header. */
export async function writeCsv(
  { adapters }: Application,
  { query, file, readsFrom }: { query: string; file: string; readsFrom?: string },
): Promise<void> {
  const folders = [path.dirname(file), ...(readsFrom ? [readsFrom] : [])];
  const duckDb = await adapters.openDuckDb(folders);
  try {
    await duckDb.run(`COPY (${query}) TO ${quoteLiteral(file)} (FORMAT csv, HEADER)`);
  } finally {
    duckDb.close();
  }
}
