import { asDatabaseError } from '../../database';
import {
  addDays,
  dateOf,
  datesBetween,
  formatInstant,
  midnightOf,
  parseInstant,
  type EpochMicros,
  type LogicalDate,
} from '../../instants';
import type { Adapters } from '../open/open-adapters';

interface DateRange {
  /** Both inclusive. */
  readonly from: LogicalDate;
  readonly to: LogicalDate;
}

/**
 * A warning for people where dates of a range lie before the first signup: their partitions have no
 * rows, which is no failure, but hardly what was meant. None where every date has users.
 */
export async function warnBeforeData(
  { database }: Pick<Adapters, 'database'>,
  range: DateRange,
): Promise<string[]> {
  const [row] = await database.sql<{ first: string | null }[]>`
    select min(signup_time) as first from raw_data.users`.catch((error: unknown) => {
    throw asDatabaseError(error);
  });
  return row?.first ? describeDatesBefore(parseInstant(row.first), range) : [];
}

/** Whoever signs up at D 00:00Z is in the partition of D. */
export function describeDatesBefore(firstSignup: EpochMicros, { from, to }: DateRange): string[] {
  const day = dateOf(firstSignup);
  const firstWithUsers = midnightOf(day) === firstSignup ? day : addDays(day, 1);
  const lastWithout = to < firstWithUsers ? to : addDays(firstWithUsers, -1);
  const count = datesBetween(from, lastWithout).length;
  if (count === 0) return [];
  const which =
    count === 1 ? `the partition of ${from} is` : `the ${count} partitions from ${from} on are`;
  return [
    `No user had signed up by ${lastWithout} 00:00 UTC: ${which} empty. The first signup is ${formatInstant(firstSignup)}.`,
  ];
}
