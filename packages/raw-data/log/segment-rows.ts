import { quoteFiles, type DuckDb } from '../../duckdb';
import { hasProperties } from '../properties/property-types';
import type { RawTable } from '../raw-tables';

/**
 * SQL of a relation: all rows of segments, with the columns of `segmentColumns`. Segments of releases
 * that knew no properties lack that column; their rows have none. Who reads only other columns, as
 * features do, may read all segments alike.
 *
 * @throws ChurnError CORRUPT_FILE for a segment whose footer can't be read.
 */
export async function segmentRows(
  duckDb: DuckDb,
  table: RawTable,
  files: readonly string[],
  options: { readonly withFileNames?: true } = {},
): Promise<string> {
  const read = (parameters: readonly string[]) =>
    `read_parquet(${[quoteFiles(files), 'hive_partitioning = false', ...parameters].join(', ')})`;
  const names = options.withFileNames ? ['filename = true'] : [];
  const rows = read(names);
  if (!hasProperties(table)) return rows;
  const [found] = await duckDb.rows<{ having: bigint }>(
    `SELECT count(DISTINCT file_name) AS having FROM parquet_schema(${quoteFiles(files)})
     WHERE name = 'properties'`,
  );
  const having = Number(found!.having);
  if (having === 0) return `(SELECT *, CAST(NULL AS VARCHAR) AS properties FROM ${rows})`;
  return having === files.length ? rows : read([...names, 'union_by_name = true']);
}
