import type { LoadWarning } from '../load-warning';

/** Of a column of ids: how many were looked at, and how many of them look like floating-point numbers. */
export interface IdColumn {
  readonly table: string;
  readonly column: string;
  readonly rows: number;
  readonly floats: number;
}

/** Of hexadecimal ids of eight digits about one in seventy looks like `12e5` by chance. */
const SHARE_MIN = 0.1;

/** A regular expression for ids such as `1234.0` and `1.5e5`. */
export const FLOAT_ID = String.raw`\d+\.0+|\d+(\.\d+)?[eE][+]?\d+`;

/** A tool that reads ids as numbers writes them as other ids, and may write two as the same. */
export function floatIds(columns: readonly IdColumn[]): LoadWarning[] {
  return columns
    .filter(({ rows, floats }) => floats > 0 && floats >= SHARE_MIN * rows)
    .map(({ table, column, rows, floats }) => ({
      code: 'float_ids',
      table,
      count: floats,
      message: `${floats} of the first ${rows} values of ${column} in ${table} look like floating-point numbers, such as 1234.0 or 1e5. They are kept as they are, so 1234.0 does not match the id 1234 of another table. Export the column as text or as an integer.`,
    }));
}
