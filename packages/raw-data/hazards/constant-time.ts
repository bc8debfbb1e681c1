import type { LoadWarning } from '../load-warning';

export interface TimeColumn {
  readonly table: string;
  readonly column: string;
  readonly rows: number;
  /** Whether all rows have the same moment. */
  readonly isConstant: boolean;
}

/** A few rows may well be of one moment. */
const ROWS_MIN = 20;

/** A column of one moment is most often the time of the export. */
export function constantTimes(columns: readonly TimeColumn[]): LoadWarning[] {
  return columns
    .filter(({ rows, isConstant }) => isConstant && rows >= ROWS_MIN)
    .map(({ table, column, rows }) => ({
      code: 'constant_time',
      table,
      count: rows,
      message: `All ${rows} rows of ${table} have the same ${column}. If that is the time of the export, export the time of each signup, event or change instead.`,
    }));
}
