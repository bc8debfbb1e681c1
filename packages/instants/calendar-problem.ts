const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** Why there is no such day in the calendar, or undefined when there is. */
export function problemOfDay(year: number, month: number, day: number): string | undefined {
  const name = monthNames[month - 1];
  if (name === undefined) return 'months go from 01 to 12';
  const last = daysInMonth(year, month);
  if (day > last) return `${name} ${String(year).padStart(4, '0')} has ${last} days`;
  return day < 1 ? 'the first day of a month is 01' : undefined;
}

/** Why no clock shows this time, or undefined when one does; there are no leap seconds in UTC here. */
export function problemOfTime(hour: number, minute: number, second: number): string | undefined {
  if (hour > 23) return 'hours go from 00 to 23';
  if (minute > 59) return 'minutes go from 00 to 59';
  return second > 59 ? 'seconds go from 00 to 59' : undefined;
}

/**
 * Why no place has this offset from UTC, written ±hh, ±hhmm or ±hh:mm, or undefined when one may; other
 * names of a zone have none.
 */
export function problemOfOffset(zone: string): string | undefined {
  const [, hours, minutes = '00'] = /^[+-](\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  if (hours === undefined) return undefined;
  if (Number(minutes) > 59) return 'the minutes of an offset go from 00 to 59';
  const isTooFar = Number(hours) * 60 + Number(minutes) > 14 * 60;
  return isTooFar ? 'offsets from UTC go from -14:00 to +14:00' : undefined;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
