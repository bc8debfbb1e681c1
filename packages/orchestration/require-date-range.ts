import { ChurnError } from '../contracts';
import { dayNumber, parseLogicalDate, type LogicalDate } from '../instants';

/** A longer range is a mistake in a year, and would make the ledger longer than it can be read. */
const RANGE_DAYS_MAX = 3_660;

interface OpenDateRange {
  /** First and last day, both inclusive; an absent one leaves the range open there. */
  readonly from?: LogicalDate;
  readonly to?: LogicalDate;
}

/** @throws ChurnError INVALID_DATE_RANGE when a date does not exist or the range ends before it begins. */
export function requireDateRange({ from, to }: OpenDateRange): void {
  const refuse = (problem: string) =>
    new ChurnError('INVALID_DATE_RANGE', { from: from ?? '…', to: to ?? '…', problem });
  for (const date of [from, to]) {
    try {
      if (date !== undefined) parseLogicalDate(date);
    } catch (error) {
      throw refuse((error as Error).message);
    }
  }
  if (from !== undefined && to !== undefined && to < from) throw refuse('it ends before it begins');
}

/**
 * What a backfill may be asked for, as far as the request alone shows.
 *
 * @throws ChurnError INVALID_DATE_RANGE as `requireDateRange`, and when the range has too many days.
 */
export function requireBackfillRange({ from, to }: Required<OpenDateRange>): void {
  requireDateRange({ from, to });
  const days = dayNumber(to) - dayNumber(from) + 1;
  if (days <= RANGE_DAYS_MAX) return;
  const problem = `it has ${days} days; at most ${RANGE_DAYS_MAX} are allowed`;
  throw new ChurnError('INVALID_DATE_RANGE', { from, to, problem });
}
