import type { TimeEncoding } from '../sources/source-file';
import { isNumeric, microsSql } from './epoch-sql';

/**
 * SQL for a naive UTC timestamp. Null for anything that is not a moment of the years 1 to 9999. A
 * moment between two microseconds is the later one, as `parseInstant` of packages/instants has it: an
 * event is never earlier than it was, so that none slips into a window that ended before it.
 *
 * @param value  SQL for a value in this encoding; a text is trimmed.
 */
export function timeSql(value: string, encoding: TimeEncoding): string {
  const timestamp = timestampSql(value, encoding);
  const bounds = `TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'`;
  return `CASE WHEN ${timestamp} BETWEEN ${bounds} THEN ${timestamp} END`;
}

const DAY = String.raw`\d{4}-\d{2}-\d{2}`;
const CLOCK = String.raw`([01]\d|2[0-3]):\d{2}`;
const COMMON_INSTANT = String.raw`${DAY}[T ]${CLOCK}:\d{2}(\.\d{1,6})?(Z|[+-]00(:?00)?| UTC)?`;
const OFFSET = String.raw`[+-](0\d|1[0-3])(:?[0-5]\d)?|[+-]14(:?00)?`;
const ANY_INSTANT = String.raw`${DAY}([Tt ]${CLOCK}(:\d{2}(\.\d+)?)?( ?(Z|z|(?i:UTC|GMT)|${OFFSET}))?)?`;

function timestampSql(value: string, encoding: TimeEncoding): string {
  if (isNumeric(encoding)) return `make_timestamp(${microsSql(value, encoding)})`;
  switch (encoding) {
    case 'timestamp':
      return `TRY_CAST(${value} AS TIMESTAMP)`;
    case 'timestamptz':
      return `CASE WHEN isfinite(${value}) THEN make_timestamp(epoch_us(${value})) END`;
    case 'text':
      // The cast alone would take `24:00`, round the seventh digit and drop the zone; with a plain form
      // in UTC (nearly every row; Postgres prints +00, BigQuery UTC) it is all that is needed, otherwise
      // the text is taken apart by hand, at twenty times the cost. The very plainest form, ours, needs
      // no expression, which costs more than the cast.
      return `CASE WHEN ${value} LIKE '____-__-__T__:__:__.______Z' AND ${value}[1] >= '0'
          AND ${value}[12] >= '0' AND ${value}[26] >= '0' AND ${value} NOT LIKE '___________24%' THEN TRY_CAST(${value} AS TIMESTAMP)
        WHEN regexp_full_match(${value}, '${COMMON_INSTANT}') THEN TRY_CAST(${value} AS TIMESTAMP)
        WHEN regexp_full_match(${value}, '${ANY_INSTANT}') THEN ${takenApartSql(value)} END`;
  }
}

/** Local time minus its offset from UTC, plus what is missing to the next microsecond. */
function takenApartSql(text: string): string {
  const clock = String.raw`regexp_extract(${text}, '^.{10}[Tt ]([0-9:]+(\.\d{1,6})?)', 1)`;
  const zone = (group: number) =>
    String.raw`regexp_extract(${text}, '^.{11}[0-9:.]+ ?([+-])(\d{2}):?(\d{2})?$', ${group})`;
  const minutes = `coalesce(TRY_CAST(${zone(2)} AS INTEGER), 0) * 60 + coalesce(TRY_CAST(${zone(3)} AS INTEGER), 0)`;
  const sign = `CASE WHEN ${zone(1)} = '-' THEN -1 ELSE 1 END`;
  const local = `TRY_CAST(trim(left(${text}, 10) || ' ' || ${clock}) AS TIMESTAMP)`;
  const isFiner = String.raw`regexp_matches(${text}, '\.\d{6}\d*[1-9]')`;
  return `${local} - to_minutes(${sign} * (${minutes}))
    + to_microseconds(CASE WHEN ${isFiner} THEN 1 ELSE 0 END)`;
}
