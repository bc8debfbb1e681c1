import { rawTables, type RawTable } from './raw-tables';

/**
 * A SQL condition, never null: whether two rows of a table have the same content. That is every column
 * but the key, the arrival and the batch.
 *
 * @param left, right  Aliases of relations with the table's columns.
 */
export function sameContentSql(table: RawTable, left: string, right: string): string {
  const { key, columns } = rawTables[table];
  const content = columns.map(({ name }) => name).filter((name) => name !== key);
  const list = (alias: string) => content.map((name) => `${alias}.${name}`).join(', ');
  return `((${list(left)}) IS NOT DISTINCT FROM (${list(right)}))`;
}
