import { refuse } from './refuse-import';

/**
 * `p_amount` is the property `amount`, `a_country` the attribute `country`. The case of the prefix is no
 * matter, that of the name is.
 */
export type ColumnPrefix = 'p_' | 'a_';

interface CalledColumn {
  readonly name: string;
}

export const COLUMN_NAME_MAX = 64;

/** Control, format and private characters, and every space but the plain one; as values have it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]|[^ \P{Z}]/u;

export function hasPrefix({ name }: CalledColumn, prefix: ColumnPrefix): boolean {
  return name.toLowerCase().startsWith(prefix);
}

/** What a column with a prefix is about, as the file writes it. */
export function nameAfterPrefix({ name }: CalledColumn, prefix: ColumnPrefix): string {
  return name.slice(prefix.length).trim();
}

/**
 * Columns by what they are about. Names that differ by case alone are refused: they were hardly meant to
 * be two, and the columns of Parquet files can't be told apart by it.
 *
 * @throws ChurnError INVALID_IMPORT for a name that is empty, unprintable, or longer than 64 characters,
 *   and for twins.
 */
export function columnsByName<Column extends CalledColumn>(
  label: string,
  named: readonly { readonly name: string; readonly column: Column }[],
): Map<string, Column> {
  const byName = new Map<string, Column>();
  const byFoldedName = new Map<string, Column>();
  for (const { name, column } of named) {
    if (!isNameOfColumn(name)) throw refuse(`${label} has ${problemOfName(column.name)}`);
    const twin = byFoldedName.get(name.toLowerCase());
    if (twin) {
      throw refuse(
        `${label} has the columns ${twin.name} and ${column.name}, which both stand for ${name}; keep one`,
      );
    }
    byFoldedName.set(name.toLowerCase(), column);
    byName.set(name, column);
  }
  return byName;
}

/** 1 to 64 characters that print. */
export function isNameOfColumn(name: string): boolean {
  const { length } = [...name];
  return length >= 1 && length <= COLUMN_NAME_MAX && !UNPRINTABLE.test(name);
}

function problemOfName(column: string): string {
  const start = JSON.stringify([...column].slice(0, 20).join(''));
  return `a column that begins with ${start}, whose name after the prefix must be 1 to ${COLUMN_NAME_MAX} characters that print; rename it`;
}
