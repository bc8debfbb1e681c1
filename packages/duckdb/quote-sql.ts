/** A SQL string literal; the one way a value that can't be a parameter gets into SQL. */
export function quoteLiteral(value: string): string {
  if (value.includes('\0')) throw new RangeError('a NUL byte can not be quoted');
  return `'${value.replaceAll("'", "''")}'`;
}

/** A SQL identifier in double quotes. */
export function quoteIdentifier(name: string): string {
  if (name.includes('\0')) throw new RangeError('a NUL byte can not be quoted');
  return `"${name.replaceAll('"', '""')}"`;
}

/** A SQL list of string literals, as read_parquet takes it: `['a', 'b']`. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map(quoteLiteral).join(', ')}]`;
}
