import fc from 'fast-check';
import { MICROS_PER_DAY, parseInstant } from '../../../packages/instants/epoch-micros';
import {
  addDays,
  dateOf,
  dateOfDayNumber,
  datesBetween,
  dayNumber,
  midnightOf,
  parseLogicalDate,
  weekdayOf,
} from '../../../packages/instants/logical-date';

const anyDay = fc.integer({ min: -100_000, max: 100_000 });

describe('a logical date', () => {
  it.each([['2024-02-29'], ['1970-01-01'], ['1999-12-31'], ['2000-02-29']])('%s is one', (text) => {
    expect(parseLogicalDate(text)).toBe(text);
  });

  it.each([
    ['2023-02-29'],
    ['1900-02-29'],
    ['2024-04-31'],
    ['2024-00-10'],
    ['2024-1-1'],
    ['24-01-01'],
    [' 2024-01-01'],
    ['2024-01-01T00:00:00Z'],
    [''],
  ])('%j is none', (text) => {
    expect(() => parseLogicalDate(text)).toThrow(RangeError);
  });

  it.each([
    ['2026-02-30', '2026-02-30 does not exist: February 2026 has 28 days'],
    ['2024-02-30', '2024-02-30 does not exist: February 2024 has 29 days'],
    ['1900-02-29', '1900-02-29 does not exist: February 1900 has 28 days'],
    ['2024-06-31', '2024-06-31 does not exist: June 2024 has 30 days'],
    ['2024-12-32', '2024-12-32 does not exist: December 2024 has 31 days'],
    ['2024-06-00', '2024-06-00 does not exist: the first day of a month is 01'],
    ['2024-00-10', '2024-00-10 does not exist: months go from 01 to 12'],
    ['2024-1-1', 'a date is written YYYY-MM-DD, such as 2026-01-31'],
  ])('%j is refused as misspelt or as impossible, and why', (text, message) => {
    expect(() => parseLogicalDate(text)).toThrow(new RangeError(message));
  });

  it('exists exactly where the calendar of Date has it', () => {
    const part = (max: number) =>
      fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
    const year = fc.integer({ min: 0, max: 9_999 }).map((n) => String(n).padStart(4, '0'));
    fc.assert(
      fc.property(year, part(13), part(32), (...parts) => {
        const text = parts.join('-');
        const millis = Date.parse(`${text}T00:00:00Z`);
        const exists =
          !Number.isNaN(millis) && new Date(millis).toISOString().slice(0, 10) === text;
        const parse = () => parseLogicalDate(text);
        if (exists) expect(parse()).toBe(text);
        else expect(parse).toThrow(RangeError);
      }),
    );
  });

  it.each([
    ['1970-01-01', 0, 'Thursday', 4],
    ['1969-12-31', -1, 'Wednesday', 3],
    ['2024-06-02', 19_876, 'Sunday', 0],
    ['2024-02-29', 19_782, 'Thursday', 4],
  ])('%s is day %i, a %s', (date, day, _name, weekday) => {
    expect(dayNumber(date)).toBe(day);
    expect(weekdayOf(date)).toBe(weekday);
  });

  it.each([
    ['2024-02-28', 1, '2024-02-29'],
    ['2024-02-29', 1, '2024-03-01'],
    ['2024-03-01', -1, '2024-02-29'],
    ['2023-12-31', 1, '2024-01-01'],
    ['2024-03-31', 0, '2024-03-31'],
    ['2023-03-01', 365, '2024-02-29'],
  ])('%s and %i days is %s', (date, days, expected) => {
    expect(addDays(date, days)).toBe(expected);
  });

  it('covers [midnight, next midnight) of its instants', () => {
    expect(dateOf(parseInstant('2024-01-01T00:00:00Z'))).toBe('2024-01-01');
    expect(dateOf(parseInstant('2024-01-01T23:59:59.999999Z'))).toBe('2024-01-01');
    expect(dateOf(parseInstant('1969-12-31T23:59:59.999999Z'))).toBe('1969-12-31');
  });

  it('is found again from its number and from its midnight', () => {
    fc.assert(
      fc.property(anyDay, (day) => {
        const date = dateOfDayNumber(day);
        expect(dayNumber(date)).toBe(day);
        expect(dateOf(midnightOf(date))).toBe(date);
        expect(midnightOf(addDays(date, 1)) - midnightOf(date)).toBe(MICROS_PER_DAY);
        expect(weekdayOf(addDays(date, 1))).toBe((weekdayOf(date) + 1) % 7);
      }),
    );
  });
});

describe('the days between two dates', () => {
  it.each([
    ['2024-02-28', '2024-03-01', ['2024-02-28', '2024-02-29', '2024-03-01']],
    ['2024-01-01', '2024-01-01', ['2024-01-01']],
    ['2024-01-02', '2024-01-01', []],
  ])('%s and %s, both inclusive', (from, to, expected) => {
    expect(datesBetween(from, to)).toEqual(expected);
  });
});
