import { rawTableNames, type PerTable, type RawTable } from '../raw-tables';

/** Of a table's rows in one load, how many percent may be rejected. */
export interface RejectedLimits {
  /** More than this is said in the report. */
  readonly warnPercent: number;
  /** More than this ends the load, and nothing is loaded. */
  readonly failPercent: number;
}

export interface RejectedShare {
  readonly table: RawTable;
  readonly rows: number;
  readonly rejected: number;
  readonly verdict: 'warn' | 'fail';
}

/**
 * The tables of a load whose share of rejected rows is past a limit. Rows that were known already
 * count as accepted, so that loading a folder again is judged as it was the first time.
 */
export function judgeRejectedShares(
  counts: {
    readonly loaded: PerTable<number>;
    readonly unchanged: PerTable<number>;
    readonly rejected: PerTable<number>;
  },
  { warnPercent, failPercent }: RejectedLimits,
): RejectedShare[] {
  return rawTableNames.flatMap((table): RejectedShare[] => {
    const rejected = counts.rejected[table];
    const rows = counts.loaded[table] + counts.unchanged[table] + rejected;
    // A quotient of integers is the float nearest to it, as the limit is: where the share is exactly
    // the limit, they are equal. A product with the limit is rounded and need not be.
    const isPast = (percent: number) => (rejected * 100) / rows > percent;
    if (isPast(failPercent)) return [{ table, rows, rejected, verdict: 'fail' }];
    return isPast(warnPercent) ? [{ table, rows, rejected, verdict: 'warn' }] : [];
  });
}

/** As people write it: `2.5 %`. */
export function formatPercent(part: number, whole: number): string {
  const percent = (part * 100) / whole;
  return `${percent >= 1 ? Math.round(percent * 10) / 10 : Number(percent.toPrecision(2))} %`;
}
