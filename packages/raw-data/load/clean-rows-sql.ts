import { quoteIdentifier, quoteList, quoteLiteral } from '../../duckdb';
import type { EpochMicros } from '../../instants';
import { billingTypes, moneylessBillingTypes, rawTables, type RawColumn } from '../raw-tables';
import {
  CLOCK_TOLERANCE_MINUTES,
  MAX_AMOUNT_CENTS,
  type RejectionReason,
} from './rejection-reasons';
import { carriesArrival, type SourceFile, type TimeEncoding } from '../sources/source-file';

export interface CleaningRules {
  readonly currency: string;
  /** The clock for `in_the_future`; null in simulated time, which has no future. */
  readonly now: EpochMicros | null;
  /** Arrival of rows whose source does not carry it: event time, or null for the load's moment. */
  readonly missingArrival: 'assumed' | 'now';
}

/**
 * DuckDB SQL that turns a source into cleaned rows, in the source's order: `row` (from 1),
 * `reason` (the first fault that the row alone shows, or null), the table's columns and
 * ingested_at. Times are naive UTC timestamps; every column of a faulty row is null, so that
 * nothing malformed travels on.
 */
export function cleanRowsSql(source: SourceFile, rules: CleaningRules): string {
  const { columns } = rawTables[source.table];
  const kept = [...columns.map((column) => column.name), 'ingested_at'];
  const emptied = kept.map((name) => `CASE WHEN "reason" IS NULL THEN "${name}" END AS "${name}"`);
  return `SELECT "row", "reason", ${emptied.join(', ')}
    FROM (SELECT *, ${reasonSql(source, rules)} AS "reason"
      FROM (SELECT "row", ${parsedColumns(source, rules).join(', ')}
        FROM (SELECT row_number() OVER () AS "row", ${textColumns(source).join(', ')}
          FROM ${source.relation})))`;
}

/** The source's columns under their canonical names; times stay as they are. */
function textColumns(source: SourceFile): string[] {
  return [...source.columns].map(([name, { identifier, times }]) => {
    const isText = !isTimeColumn(source, name) || times === 'text';
    const value = isText ? `nullif(CAST(${identifier} AS VARCHAR), '')` : identifier;
    return `${value} AS ${quoteIdentifier(name)}`;
  });
}

function isTimeColumn(source: SourceFile, name: string): boolean {
  return name === 'ingested_at' || name === rawTables[source.table].timeColumn;
}

function parsedColumns(source: SourceFile, rules: CleaningRules): string[] {
  const { columns, timeColumn } = rawTables[source.table];
  const parsed = columns.flatMap((column) => parsedColumn(source, column, rules));
  return [...parsed, `${arrivalSql(source, timeColumn, rules)} AS "ingested_at"`];
}

function parsedColumn(source: SourceFile, column: RawColumn, rules: CleaningRules): string[] {
  const found = source.columns.get(column.name);
  switch (column.kind) {
    case 'event_time':
      return [`${timeSql(`"${column.name}"`, found?.times ?? 'text')} AS "${column.name}"`];
    case 'amount_cents':
      return amountColumns(source);
    case 'currency': {
      const given = found ? `upper(trim("${column.name}"))` : 'NULL';
      return [`coalesce(${given}, ${quoteLiteral(rules.currency)}) AS "${column.name}"`];
    }
    case 'id':
    case 'text':
    case 'optional_text':
    case 'billing_type':
      return [found ? `"${column.name}"` : `CAST(NULL AS VARCHAR) AS "${column.name}"`];
  }
}

function arrivalSql(source: SourceFile, timeColumn: string, rules: CleaningRules): string {
  const carried = source.columns.get('ingested_at');
  if (carried) return timeSql('"ingested_at"', carried.times);
  if (rules.missingArrival === 'now') return 'CAST(NULL AS TIMESTAMP)';
  return timeSql(`"${timeColumn}"`, source.columns.get(timeColumn)?.times ?? 'text');
}

/** Null for anything that is not an instant of the years 1 to 9999 with at most microseconds. */
export function timeSql(value: string, encoding: TimeEncoding): string {
  const timestamp = timestampSql(value, encoding);
  const bounds = `TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'`;
  return `CASE WHEN ${timestamp} BETWEEN ${bounds} THEN ${timestamp} END`;
}

const CLOCK = String.raw`([01]\d|2[0-3]):\d{2}`;
const COMMON_INSTANT = String.raw`\d{4}-\d{2}-\d{2}[T ]${CLOCK}:\d{2}(\.\d{1,6})?(Z|[+-]00(:?00)?)?`;
const DAY = String.raw`\d{4}-\d{2}-\d{2}`;
const ANY_INSTANT = String.raw` *${DAY}([Tt ]${CLOCK}(:\d{2}(\.\d{1,6}0*)?)?([Zz]|[+-]\d{2}(:?\d{2})?)?)? *`;

function timestampSql(value: string, encoding: TimeEncoding): string {
  switch (encoding) {
    case 'micros':
      return `make_timestamp(TRY_CAST(${value} AS BIGINT))`;
    case 'timestamp':
      return `TRY_CAST(${value} AS TIMESTAMP)`;
    case 'timestamptz':
      return `CASE WHEN isfinite(${value}) THEN make_timestamp(epoch_us(${value})) END`;
    case 'nanoseconds':
      return `CASE WHEN epoch_ns(${value}) % 1000 = 0 THEN TRY_CAST(${value} AS TIMESTAMP) END`;
    case 'text':
      // The cast alone would take `24:00` and blanks, round the seventh digit and drop the zone; with a
      // plain form in UTC (nearly every row; Postgres prints +00) it is all that is needed, otherwise
      // the zone is taken apart by hand, at twenty times the cost. The very plainest form, ours, needs
      // no expression, which costs more than the cast.
      return `CASE WHEN ${value} LIKE '____-__-__T__:__:__.______Z' AND ${value}[1] >= '0'
          AND ${value}[12] >= '0' AND ${value} NOT LIKE '___________24%' THEN TRY_CAST(${value} AS TIMESTAMP)
        WHEN regexp_full_match(${value}, '${COMMON_INSTANT}') THEN TRY_CAST(${value} AS TIMESTAMP)
        WHEN regexp_full_match(${value}, '${ANY_INSTANT}') THEN ${zonedSql(`trim(${value})`)} END`;
  }
}

/** Local time minus its offset from UTC, as `parseInstant` of packages/instants does it. */
function zonedSql(text: string): string {
  const clock = `regexp_extract(${text}, '^.{10}[Tt ]([0-9:.]+)', 1)`;
  const zone = (group: number) =>
    `regexp_extract(${text}, '^.{11}[0-9:.]+([+-])(\\d{2}):?(\\d{2})?$', ${group})`;
  const minutes = `coalesce(TRY_CAST(${zone(2)} AS INTEGER), 0) * 60 + coalesce(TRY_CAST(${zone(3)} AS INTEGER), 0)`;
  const sign = `CASE WHEN ${zone(1)} = '-' THEN -1 ELSE 1 END`;
  const local = `TRY_CAST(trim(left(${text}, 10) || ' ' || ${clock}) AS TIMESTAMP)`;
  return `${local} - to_minutes(${sign} * (${minutes}))`;
}

/**
 * Whether the amount is a number, its two faults, and the exact cents of one without; the cents
 * are null for a number far above `MAX_AMOUNT_CENTS`.
 */
function amountColumns(source: SourceFile): string[] {
  const inUnits = source.columns.has('amount');
  const text = `trim(${inUnits ? '"amount"' : '"amount_cents"'})`;
  const isMoneyless = `list_contains(${quoteList(moneylessBillingTypes)}, "event_type")`;
  const amount = `coalesce(${text}, CASE WHEN ${isMoneyless} THEN '0' END)`;
  const isNumber = String.raw`regexp_full_match(${amount}, '[+-]?\d*(\.\d*)?') AND regexp_matches(${amount}, '\d')`;
  const belowCent = inUnits ? String.raw`\.\d{2}\d*[1-9]` : String.raw`\.\d*[1-9]`;
  // TRY_CAST makes null of what it can't hold, but a product that overflows stops the query: 15
  // digits times 3 always fit into 18.
  const cents = inUnits
    ? `TRY_CAST(ltrim(${amount}, '+') AS DECIMAL(15, 2)) * CAST(100 AS DECIMAL(3, 0))`
    : `TRY_CAST(ltrim(${amount}, '+') AS DECIMAL(18, 0))`;
  return [
    `coalesce(${isNumber}, false) AS "amount_is_number"`,
    `(starts_with(${amount}, '-') AND regexp_matches(${amount}, '[1-9]')) AS "amount_is_negative"`,
    `regexp_matches(${amount}, '${belowCent}') AS "amount_is_below_a_cent"`,
    `TRY_CAST(${cents} AS BIGINT) AS "amount_cents"`,
  ];
}

/** Control, format and private characters, and every space but the plain one. */
const UNPRINTABLE = String.raw`\p{C}|[^ \PZ]`;

const isPrintable = (name: string) =>
  `(length("${name}") <= 128 AND trim("${name}") <> '' AND NOT regexp_matches("${name}", '${UNPRINTABLE}'))`;

function reasonSql(source: SourceFile, rules: CleaningRules): string {
  const checks = ownChecks(source, rules).map(
    ([reason, isFaulty]) => `WHEN ${isFaulty} THEN '${reason}'`,
  );
  return `CASE ${checks.join(' ')} END`;
}

/** Each check is a SQL condition that is true for a faulty row; the order is that of the reasons. */
function ownChecks(source: SourceFile, rules: CleaningRules): [RejectionReason, string][] {
  const { columns, timeColumn } = rawTables[source.table];
  const named = (kind: RawColumn['kind']) =>
    columns.filter((column) => column.kind === kind).map((column) => column.name);
  const unprintable = (names: string[]) =>
    names.map((name) => `NOT coalesce(${isPrintable(name)}, false)`);
  const badValues = [
    ...unprintable([...named('text'), ...named('billing_type')]),
    ...named('optional_text').map((name) => `NOT coalesce(${isPrintable(name)}, true)`),
    ...named('amount_cents').map(
      (name) =>
        `NOT ("amount_is_number" AND coalesce(abs("${name}") <= ${MAX_AMOUNT_CENTS}, false))`,
    ),
  ];
  const needsArrival = carriesArrival(source) || rules.missingArrival === 'assumed';
  const missingTime = [timeColumn, ...(needsArrival ? ['ingested_at'] : [])];
  return [
    ['invalid_id', unprintable(named('id')).join(' OR ')],
    ['invalid_value', badValues.join(' OR ') || 'false'],
    ['invalid_time', missingTime.map((name) => `"${name}" IS NULL`).join(' OR ')],
    ...(source.table === 'billing_events' ? moneyChecks(rules) : []),
    ...clockChecks(timeColumn, rules),
  ];
}

function moneyChecks(rules: CleaningRules): [RejectionReason, string][] {
  return [
    ['unknown_billing_type', `NOT list_contains(${quoteList(billingTypes)}, "event_type")`],
    ['negative_amount', '"amount_is_negative"'],
    ['sub_cent_amount', '"amount_is_below_a_cent"'],
    ['other_currency', `"currency" <> ${quoteLiteral(rules.currency)}`],
  ];
}

function clockChecks(timeColumn: string, rules: CleaningRules): [RejectionReason, string][] {
  const tolerance = `INTERVAL ${CLOCK_TOLERANCE_MINUTES} MINUTE`;
  const latest = `greatest("${timeColumn}", "ingested_at")`;
  const future = `${latest} > make_timestamp(${rules.now ?? 0n}::BIGINT) + ${tolerance}`;
  return [
    ...(rules.now === null ? [] : [['in_the_future', future] satisfies [RejectionReason, string]]),
    ['after_arrival', `"${timeColumn}" > "ingested_at" + ${tolerance}`],
  ];
}
