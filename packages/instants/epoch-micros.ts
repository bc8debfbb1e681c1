import { problemOfDay, problemOfOffset, problemOfTime } from './calendar-problem';

/** Microseconds since 1970-01-01T00:00:00Z. JavaScript's Date has only milliseconds: never use it. */
export type EpochMicros = bigint;

export const MICROS_PER_SECOND = 1_000_000n;
export const MICROS_PER_MINUTE = 60n * MICROS_PER_SECOND;
export const MICROS_PER_HOUR = 60n * MICROS_PER_MINUTE;
export const MICROS_PER_DAY = 24n * MICROS_PER_HOUR;

const DAY = String.raw`(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})`;
const CLOCK = String.raw`(?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.(?<fraction>\d+))?)?`;
const ZONE = String.raw`(?<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)`;
const INSTANT = new RegExp(`^${DAY}(?:[T ]${CLOCK}(?: ?${ZONE})?)?$`, 'i');

/**
 * The instant an ISO 8601 text names: `2024-01-01`, `2024-01-01T12:00Z`, `2024-01-01 12:00:00.123456+02`.
 * Without a zone it is UTC; without a time it is midnight. A blank may stand before the zone, which may
 * be called UTC or GMT. A moment between two microseconds is the later one.
 *
 * @throws RangeError whose message says either how an instant is written, or which day or time does
 *   not exist and why; as a clause without a full stop.
 */
export function parseInstant(text: string): EpochMicros {
  const match = INSTANT.exec(text.trim());
  if (!match) {
    throw new RangeError('a moment is written as ISO 8601, such as 2026-01-31T12:00:00Z');
  }
  const { year, month, day, hour = '00', minute = '00', second = '00', zone = 'Z' } = match.groups!;
  const problem =
    problemOfDay(Number(year), Number(month), Number(day)) ??
    problemOfTime(Number(hour), Number(minute), Number(second)) ??
    problemOfOffset(zone);
  if (problem !== undefined) throw new RangeError(`${text.trim()} does not exist: ${problem}`);
  const millis = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const micros = BigInt(millis) * 1000n + microsOf(match.groups!.fraction) - zoneOffset(zone);
  if (micros >= FIRST && micros <= LAST) return micros;
  throw new RangeError(`${text.trim()} is outside the years 0001 to 9999`);
}

const FIRST = -62_135_596_800_000_000n;
const LAST = 253_402_300_799_999_999n;

/** Of the digits after a second, rounded up. */
function microsOf(fraction = ''): bigint {
  const micros = BigInt(fraction.slice(0, 6).padEnd(6, '0'));
  return /[1-9]/.test(fraction.slice(6)) ? micros + 1n : micros;
}

function zoneOffset(zone: string): bigint {
  if (!/^[+-]/.test(zone)) return 0n;
  const sign = zone.startsWith('-') ? -1n : 1n;
  const hours = BigInt(zone.slice(1, 3));
  const minutes = BigInt(zone.slice(3).replace(':', '') || '0');
  return sign * (hours * MICROS_PER_HOUR + minutes * MICROS_PER_MINUTE);
}

/** `2024-01-01T00:00:00.000000Z`: always six digits and Z, so that texts sort as the instants do. */
export function formatInstant(micros: EpochMicros): string {
  const remainder = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - remainder) / 1_000_000n);
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}.${remainder.toString().padStart(6, '0')}Z`;
}
