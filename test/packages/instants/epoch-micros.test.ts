import fc from 'fast-check';
import {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  parseInstant,
} from '../../../packages/instants/epoch-micros';

/** The years 1 to 9999, microsecond by microsecond. */
const anyInstant = fc.bigInt({
  min: parseInstant('0001-01-01'),
  max: parseInstant('9999-12-31T23:59:59.999999Z'),
});

describe('an instant as text', () => {
  it.each([
    ['1970-01-01', 0n],
    ['1970-01-01T00:00:00.000001Z', 1n],
    ['1969-12-31T23:59:59.999999Z', -1n],
    ['1970-01-02T00:00Z', MICROS_PER_DAY],
    ['1970-01-01 01:00', MICROS_PER_HOUR],
    ['1970-01-01t01:00:00z', MICROS_PER_HOUR],
    ['  1970-01-01T00:00:00.5  ', 500_000n],
    ['1970-01-01T02:00:00+02', 0n],
    ['1970-01-01T02:30:00+02:30', 0n],
    ['1970-01-01T02:30:00+0230', 0n],
    ['1969-12-31T22:00:00-02:00', 0n],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000_000n],
    ['2024-02-29 00:00:00 UTC', 1_709_164_800_000_000n],
    ['2024-02-29 00:00:00.000 gmt', 1_709_164_800_000_000n],
    ['2024-02-28 16:00:00.000 -0800', 1_709_164_800_000_000n],
    ['2024-02-29T14:00:00+14:00', 1_709_164_800_000_000n],
    ['2024-02-28T10:00:00-14', 1_709_164_800_000_000n],
    ['1970-01-01T00:00:00.0000000Z', 0n],
    ['1970-01-01T00:00:00.0000001Z', 1n],
    ['1970-01-01T00:00:00.0000010000Z', 1n],
    ['1970-01-01T00:00:00.000000400Z', 1n],
    ['1969-12-31T23:59:59.999999001Z', 0n],
    ['1969-12-31T23:59:59.9999990Z', -1n],
    ['0001-01-01T00:00:00-00:01', -62_135_596_740_000_000n],
  ])('%s is %s microseconds', (text, micros) => {
    expect(parseInstant(text)).toBe(micros);
  });

  it.each([
    [''],
    ['yesterday'],
    ['2024-1-1'],
    ['2024-01-01T1:00'],
    ['2024-01-01T00:00:00.Z'],
    ['2024-01-01T00:00:00  Z'],
    ['2024-01-01T00:00:00 PST'],
    ['2024-01-01T00:00:00UTC+02:00'],
    ['2024-01-01 UTC'],
    ['0000-12-31'],
    ['0001-01-01T00:00:00+00:01'],
    ['9999-12-31T23:59:59.9999991Z'],
    ['2024-01-01T00:00:00,5Z'],
    ['1709164800'],
    ['2023-02-29'],
    ['2024-04-31'],
    ['2024-13-01'],
    ['2024-01-01T24:00:00Z'],
    ['2024-01-01T23:60:00Z'],
    ['2024-01-01T23:59:60Z'],
    ['+2024-01-01'],
    ['20240101'],
  ])('%j is refused', (text) => {
    expect(() => parseInstant(text)).toThrow(RangeError);
  });

  it.each([
    ['2023-02-29', '2023-02-29 does not exist: February 2023 has 28 days'],
    [' 2024-04-31T10:00Z ', '2024-04-31T10:00Z does not exist: April 2024 has 30 days'],
    ['2024-13-01', '2024-13-01 does not exist: months go from 01 to 12'],
    ['2024-01-01T25:00', '2024-01-01T25:00 does not exist: hours go from 00 to 23'],
    ['2024-01-01T23:60', '2024-01-01T23:60 does not exist: minutes go from 00 to 59'],
    ['2024-01-01T23:59:60Z', '2024-01-01T23:59:60Z does not exist: seconds go from 00 to 59'],
    [
      '2024-01-01T00:00:00+99:99',
      '2024-01-01T00:00:00+99:99 does not exist: the minutes of an offset go from 00 to 59',
    ],
    [
      '2024-01-01T00:00:00+05:60',
      '2024-01-01T00:00:00+05:60 does not exist: the minutes of an offset go from 00 to 59',
    ],
    [
      '2024-01-01T00:00:00 +1401',
      '2024-01-01T00:00:00 +1401 does not exist: offsets from UTC go from -14:00 to +14:00',
    ],
    [
      '2024-01-01T00:00:00-24',
      '2024-01-01T00:00:00-24 does not exist: offsets from UTC go from -14:00 to +14:00',
    ],
    ['0000-12-31', '0000-12-31 is outside the years 0001 to 9999'],
    ['x'.repeat(1_000), 'a moment is written as ISO 8601, such as 2026-01-31T12:00:00Z'],
  ])('of %j says whether it is misspelt or impossible', (text, message) => {
    expect(() => parseInstant(text)).toThrow(new RangeError(message));
  });

  it.each([
    [0n, '1970-01-01T00:00:00.000000Z'],
    [-1n, '1969-12-31T23:59:59.999999Z'],
    [1_709_164_800_123_456n, '2024-02-29T00:00:00.123456Z'],
    [500_000n, '1970-01-01T00:00:00.500000Z'],
  ])('of %s microseconds is %s', (micros, text) => {
    expect(formatInstant(micros)).toBe(text);
  });

  it('comes back as the same instant, to the microsecond', () => {
    fc.assert(
      fc.property(anyInstant, (micros) => {
        expect(parseInstant(formatInstant(micros))).toBe(micros);
      }),
    );
  });

  it('sorts as the instants do', () => {
    fc.assert(
      fc.property(anyInstant, anyInstant, (a, b) => {
        expect(formatInstant(a) < formatInstant(b)).toBe(a < b);
      }),
    );
  });
});
