import type { DuckDb } from './open-duckdb';
import { quoteFiles } from './quote-sql';

/** How many rows each of some Parquet files holds; from their footers. */
export async function parquetRowCounts(
  duckDb: DuckDb,
  files: readonly string[],
): Promise<number[]> {
  if (files.length === 0) return [];
  const found = await duckDb.rows<{ file: string; rows: bigint }>(
    `SELECT file_name AS file, num_rows AS rows FROM parquet_file_metadata(${quoteFiles(files)})`,
  );
  const counts = new Map(found.map(({ file, rows }) => [file, Number(rows)]));
  return files.map((file) => {
    const rows = counts.get(file);
    if (rows === undefined) throw new RangeError(`DuckDB does not know ${file} by this name`);
    return rows;
  });
}
