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

/** A SQL list of string literals: `['a', 'b']`. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map(quoteLiteral).join(', ')}]`;
}

/** A path as DuckDB takes it where it would else be a pattern: `[`, `*` and `?` stand for themselves. */
export function escapePattern(path: string): string {
  return path.replaceAll(/[[*?]/g, '[$&]');
}

/** A file to be read, as a literal. */
export function quoteFile(file: string): string {
  return quoteLiteral(escapePattern(file));
}

/** Files to be read, as read_parquet takes them. */
export function quoteFiles(files: readonly string[]): string {
  return `[${files.map(quoteFile).join(', ')}]`;
}
