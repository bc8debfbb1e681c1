import type { EpochUnit, TimeEncoding } from '../sources/source-file';

const perSecond: Readonly<Record<EpochUnit, bigint>> = {
  'epoch-seconds': 1n,
  'epoch-milliseconds': 1_000n,
  'epoch-microseconds': 1_000_000n,
  'epoch-nanoseconds': 1_000_000_000n,
};

export const epochUnits = Object.keys(perSecond) as EpochUnit[];

/**
 * From 1980 to the end of 2099 the unit of an integer is certain: no number there is a time in two
 * units, and none is a date without separators, such as 20240131 or 202401311200.
 */
const CERTAIN_SECONDS = [315_532_800n, 4_102_444_799n] as const;

/** A SQL condition: whether an integer is a time in this unit. */
export function isInUnitSql(integer: string, unit: EpochUnit): string {
  const [first, last] = CERTAIN_SECONDS;
  const factor = perSecond[unit];
  return `${integer} BETWEEN ${first * factor} AND ${(last + 1n) * factor - 1n}`;
}

/** Encodings that are numbers, or the bytes of them. */
export type NumericTimes = Exclude<TimeEncoding, 'text' | 'timestamp' | 'timestamptz'>;

export function isNumeric(times: TimeEncoding): times is NumericTimes {
  return times !== 'text' && times !== 'timestamp' && times !== 'timestamptz';
}

/** SQL for epoch microseconds, rounded up; null for what is no time in the encoding. */
export function microsSql(value: string, times: NumericTimes): string {
  switch (times) {
    case 'micros':
      return `TRY_CAST(${value} AS BIGINT)`;
    case 'nanos':
      return microsOfNanos(value);
    case 'nanoseconds':
      return `CASE WHEN isfinite(${value}) THEN ${microsOfNanos(`epoch_ns(${value})`)} END`;
    case 'int96':
      return microsOfInt96(value);
    case 'epoch-seconds':
    case 'epoch-milliseconds':
    case 'epoch-microseconds':
    case 'epoch-nanoseconds':
      return microsOfEpoch(value, times);
  }
}

function microsOfEpoch(value: string, unit: EpochUnit): string {
  const integer = `TRY_CAST(${value} AS BIGINT)`;
  const micros =
    unit === 'epoch-nanoseconds'
      ? microsOfNanos(integer)
      : `${integer} * ${perSecond['epoch-microseconds'] / perSecond[unit]}`;
  return `CASE WHEN ${isInUnitSql(integer, unit)} THEN ${micros} END`;
}

/** Rounded up, before 1970 too: DuckDB's division cuts towards zero. */
function microsOfNanos(nanos: string): string {
  return `((${nanos}) // 1000 + CASE WHEN (${nanos}) % 1000 > 0 THEN 1 ELSE 0 END)`;
}

const JULIAN_DAY_OF_1970 = 2_440_588;
const JULIAN_DAYS = { first: 1_721_426, last: 5_373_484 }; // 0001-01-01 and 9999-12-31
const MICROS_PER_DAY = 86_400_000_000;

/** Twelve bytes, each group with the least first: eight of nanoseconds in the day, four of its Julian number. */
function microsOfInt96(value: string): string {
  // Of the eight bytes two are always 0. Six of them, and four, fit into a BIGINT whatever they are.
  const bytes = `CAST(CAST(${value} AS BIT) AS HUGEINT)`;
  const high = `CAST(${bytes} >> 48 AS BIGINT)`;
  const low = `CAST(${bytes} & 281474976710655 AS BIGINT)`;
  const reversed = (from: string, shifts: readonly number[]) =>
    shifts.map((shift, place) => `(((${from} >> ${shift}) & 255) << ${8 * place})`).join(' + ');
  const nanos = `(${reversed(high, [40, 32, 24, 16, 8, 0])})`;
  const day = `(${reversed(low, [24, 16, 8, 0])})`;
  const isTime = `(${low} >> 32) = 0 AND ${nanos} < ${MICROS_PER_DAY}000
    AND ${day} BETWEEN ${JULIAN_DAYS.first} AND ${JULIAN_DAYS.last}`;
  return `CASE WHEN ${isTime}
    THEN (${day} - ${JULIAN_DAY_OF_1970}) * ${MICROS_PER_DAY} + ${microsOfNanos(nanos)} END`;
}
