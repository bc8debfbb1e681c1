import type { TransactionSql } from '../../database';

/** Some of the rows of a staging table, called `s`. */
export interface StagedSlice {
  readonly condition: string;
  /** How many rows there are in this slice and those before it, about. */
  readonly rowsThrough: number;
}

const ROWS_PER_SLICE = 500_000;

/**
 * Divides a staging table, so that no statement takes long and each can be followed by a word of
 * progress.
 *
 * @param key  A column whose equal values must be in the same slice; null: any slices will do.
 */
export async function slicesOf(
  tx: TransactionSql,
  stagingTable: string,
  key: string | null,
): Promise<StagedSlice[]> {
  const [found] = await tx.unsafe<{ rows: number; pages: number }[]>(
    `SELECT count(*) AS rows,
       pg_relation_size('${stagingTable}') / current_setting('block_size')::bigint AS pages
     FROM ${stagingTable}`,
  );
  const { rows, pages } = found!;
  const count = Math.ceil(rows / ROWS_PER_SLICE);
  if (count <= 1) return [{ condition: 'true', rowsThrough: rows }];
  return Array.from({ length: count }, (_, index) => {
    const page = (at: number) => Math.floor((pages * at) / count);
    const condition =
      key === null
        ? `s.ctid >= '(${page(index)},0)' AND s.ctid < '(${page(index + 1)},0)'`
        : `abs(hashtext(s.${key})::bigint) % ${count} = ${index}`;
    return { condition, rowsThrough: Math.round((rows * (index + 1)) / count) };
  });
}
