/**
 * What ids look like: a letter and a number, 8 to 13 bytes; or, by turns, that, a uuid, 128 bytes, and
 * characters of several bytes.
 */
export type IdShape = 'numbered' | 'mixed';

export const idShapes: readonly IdShape[] = ['numbered', 'mixed'];

/**
 * SQL for the id of a row.
 *
 * @param row  SQL for its number.
 * @param kind  A letter for its table: ids of two tables differ.
 * @param digits  How many digits its number is written with.
 */
export function idSql(
  shape: IdShape,
  row: string,
  { kind, digits }: { kind: string; digits: number },
): string {
  const numbered = `'${kind}' || lpad((${row})::VARCHAR, ${digits}, '0')`;
  if (shape === 'numbered') return numbered;
  return `CASE (${row}) % 4
    WHEN 0 THEN ${numbered}
    WHEN 1 THEN md5(${numbered})::UUID::VARCHAR
    WHEN 2 THEN rpad(${numbered}, 128, md5(${numbered}))
    ELSE '顧客番号-' || ${numbered} END`;
}
