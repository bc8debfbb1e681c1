/** A column and DuckDB's name of its type. */
export interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

export interface ColumnDifferences {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  /** As `<name>: BIGINT instead of INTEGER`. */
  readonly retyped: readonly string[];
  /** The same columns in another order. */
  readonly reordered: boolean;
}

/** How the columns of a file differ from the expected ones. */
export function compareColumns(
  actual: readonly TypedColumn[],
  expected: readonly TypedColumn[],
): ColumnDifferences {
  const found = new Map(actual.map(({ name, type }) => [name, type]));
  const wanted = new Set(expected.map(({ name }) => name));
  const missing = expected.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  const extra = actual.filter(({ name }) => !wanted.has(name)).map(({ name }) => name);
  const retyped = expected
    .filter(({ name, type }) => found.has(name) && found.get(name) !== type)
    .map(({ name, type }) => `${name}: ${found.get(name)} instead of ${type}`);
  const isSameSet = missing.length === 0 && extra.length === 0;
  const reordered = isSameSet && actual.some(({ name }, index) => name !== expected[index]?.name);
  return { missing, extra, retyped, reordered };
}
