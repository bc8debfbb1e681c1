import { problemOfDay } from './calendar-problem';
import { MICROS_PER_DAY, type EpochMicros } from './epoch-micros';

/** A UTC calendar day as `YYYY-MM-DD`. Partition D describes the moment T = D 00:00Z. */
export type LogicalDate = string;

const MILLIS_PER_DAY = 86_400_000;

/**
 * The text itself, when it is an existing day written `YYYY-MM-DD`.
 *
 * @throws RangeError whose message says either how a date is written, or why the day does not exist;
 *   as a clause without a full stop.
 */
export function parseLogicalDate(text: string): LogicalDate {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) throw new RangeError('a date is written YYYY-MM-DD, such as 2026-01-31');
  const [, year, month, day] = match;
  const problem = problemOfDay(Number(year), Number(month), Number(day));
  if (problem !== undefined) throw new RangeError(`${text} does not exist: ${problem}`);
  return text;
}

/** Days since 1970-01-01. */
export function dayNumber(date: LogicalDate): number {
  return Date.parse(`${parseLogicalDate(date)}T00:00:00Z`) / MILLIS_PER_DAY;
}

export function dateOfDayNumber(day: number): LogicalDate {
  return new Date(day * MILLIS_PER_DAY).toISOString().slice(0, 10);
}

/** The instant D 00:00Z. */
export function midnightOf(date: LogicalDate): EpochMicros {
  return BigInt(dayNumber(date)) * MICROS_PER_DAY;
}

/** The UTC day an instant lies in. */
export function dateOf(micros: EpochMicros): LogicalDate {
  const floored = micros - (((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY);
  return dateOfDayNumber(Number(floored / MICROS_PER_DAY));
}

export function addDays(date: LogicalDate, days: number): LogicalDate {
  return dateOfDayNumber(dayNumber(date) + days);
}

/** Every day from `from` to `to`, both inclusive; empty when `to` is before `from`. */
export function datesBetween(from: LogicalDate, to: LogicalDate): LogicalDate[] {
  const first = dayNumber(from);
  const count = Math.max(0, dayNumber(to) - first + 1);
  return Array.from({ length: count }, (_, index) => dateOfDayNumber(first + index));
}

/** 0 = Sunday … 6 = Saturday, in UTC. */
export function weekdayOf(date: LogicalDate): number {
  return (((dayNumber(date) + 4) % 7) + 7) % 7;
}
