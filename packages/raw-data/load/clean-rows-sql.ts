import { quoteIdentifier, quoteList, quoteLiteral } from '../../duckdb';
import type { EpochMicros } from '../../instants';
import { billingTypes, kindOfColumn, rawTables, type RawColumn } from '../raw-tables';
import { originalValuesSql } from '../rejected/original-values';
import {
  CLOCK_TOLERANCE_MINUTES,
  MAX_AMOUNT_CENTS,
  type RejectionReason,
} from '../rejected/rejection-reasons';
import { carriesArrival, type SourceColumn, type SourceFile } from '../sources/source-file';
import { textOfColumn } from '../sources/column-types';
import { isNumeric, microsSql } from '../values/epoch-sql';
import { FAULTY_PROPERTY, hasProperties, type PropertyTypes } from '../properties/property-types';
import {
  canonicalPropertiesSql,
  faultyPropertySql,
  presentProperty,
  typedColumns,
} from '../properties/property-sql';
import { conversionColumns, convertedRows, type ConversionRates } from '../values/conversion-sql';
import { attributeIdSql, isAttributeNameSql, isAttributeValueSql } from '../values/attribute-sql';
import { moneyColumns } from '../values/money-sql';
import { isPrintableSql, presentSql, trimmedNameSql, trimmedSql } from '../values/text-sql';
import { timeSql } from '../values/time-sql';

export interface CleaningRules {
  readonly currency: string;
  /** What other currencies are converted by; without a rate their rows are rejected. */
  readonly rates?: ConversionRates;
  /** What the values of properties are; absent: no property has a value. */
  readonly properties?: PropertyTypes;
  /** The clock for `in_the_future`; null in simulated time, which has no future. */
  readonly now: EpochMicros | null;
  /** Arrival of rows whose source does not carry it: event time, or null for the load's moment. */
  readonly missingArrival: 'assumed' | 'now';
}

/**
 * DuckDB SQL that turns a source into cleaned rows, in the source's order: `row` (from 1),
 * `reason` (the first fault that the row alone shows, or null), the table's columns,
 * ingested_at, and of a table with properties `faulty_property`, the name of the one that is the
 * fault. Times are naive UTC timestamps; every column of a faulty row is null, so that
 * nothing malformed travels on, but for the id that was made for an attribute. An attribute without a
 * value is a row without a fault: `cleanedRows` leaves it out.
 */
export function cleanRowsSql(source: SourceFile, rules: CleaningRules): string {
  return `SELECT ${cleanedColumns(source, rules).join(', ')} FROM (${judgedRows(source, rules)})`;
}

/**
 * `cleanRowsSql` with two more columns, both null of rows without a fault: `original`, the values as
 * the file has them (see `originalValuesSql`), and `due`, for a row whose only fault is that it is in
 * the future: the moment until which it is.
 */
export function cleanRowsForLoadSql(source: SourceFile, rules: CleaningRules): string {
  const packed: string[] = [];
  // Names of attributes may differ by case alone, which those of fields may not.
  const pack = (columns: ReadonlyMap<string, SourceColumn>) =>
    new Map(
      [...columns].map(([name, column]) => {
        const field = `f${packed.length}`;
        packed.push(`${field} := ${column.identifier}`);
        return [name, { ...column, identifier: `"given".${field}` }] as const;
      }),
    );
  const columns = pack(source.columns);
  const original = originalValuesSql({
    columns,
    attributes: pack(source.attributes),
    properties: pack(source.properties),
  });
  const due = latestTime(rawTables[source.table].timeColumn);
  const given = `struct_pack(${packed.join(', ')}) AS "given"`;
  return `SELECT ${cleanedColumns(source, rules).join(', ')},
      CASE WHEN "reason" IS NOT NULL THEN ${original} END AS "original",
      CASE WHEN "reason" = 'in_the_future' THEN ${due} END AS "due"
    FROM (${judgedRows(source, rules, given)})`;
}

function cleanedColumns(source: SourceFile, rules: CleaningRules): string[] {
  const { table } = source;
  const kept = [...rawTables[table].columns.map((column) => column.name), 'ingested_at'];
  const typed = typedColumns(source, rules.properties);
  const none = (name: string) => `CAST(NULL AS VARCHAR) AS "${name}"`;
  const emptied = kept.map((name) => {
    // Without properties, asking each row for its reason would cost a twentieth of cleaning.
    if (name === 'properties' && typed.length === 0) return none(name);
    const isKept =
      name === 'attribute_id' ? `"reason" IS DISTINCT FROM 'invalid_id'` : '"reason" IS NULL';
    return `CASE WHEN ${isKept} THEN "${name}" END AS "${name}"`;
  });
  const named =
    typed.length === 0
      ? none(FAULTY_PROPERTY)
      : `CASE WHEN "reason" = 'invalid_property' THEN "${FAULTY_PROPERTY}" END AS "${FAULTY_PROPERTY}"`;
  const all = [...emptied, ...(hasProperties(table) ? [named] : [])];
  return ['"row"', '"reason"', ...all];
}

/**
 * DuckDB SQL for the rates by which a source's good rows are converted: currency, and day since 1970,
 * each once. Null where there are none.
 */
export function usedRatesSql(source: SourceFile, rules: CleaningRules): string | null {
  if (!isConverted(source, rules)) return null;
  const [from, on] = conversionColumns;
  return `SELECT DISTINCT "${from}" AS "currency", "${on}" AS "day"
    FROM (${judgedRows(source, rules)}) WHERE "reason" IS NULL AND "${from}" IS NOT NULL`;
}

/** @param given  SQL for one more column, of the source's own columns; it is called "given". */
function judgedRows(source: SourceFile, rules: CleaningRules, given?: string): string {
  const also = given === undefined ? '' : '"given",';
  const parsed = `SELECT "row", ${also} ${parsedColumns(source, rules).join(', ')} FROM (${presentValues(source, rules, given)})`;
  const rows = isConverted(source, rules)
    ? convertedRows(parsed, { ...rules, own: rules.currency, largest: MAX_AMOUNT_CENTS })
    : parsed;
  return `SELECT *, ${reasonSql(source, rules)} AS "reason" FROM (${rows})`;
}

function isConverted(
  { table, columns }: SourceFile,
  rules: CleaningRules,
): rules is CleaningRules & { readonly rates: ConversionRates } {
  const hasRates = rules.rates !== undefined && rules.rates.size > 0;
  return hasRates && table === 'billing_events' && columns.has('currency');
}

/**
 * The source's columns under their canonical names: texts trimmed, those for a missing value null;
 * times that are numbers as epoch microseconds.
 */
function presentValues(source: SourceFile, rules: CleaningRules, given?: string): string {
  const columns = [...source.columns].map(([name, column]) => {
    const as = quoteIdentifier(name);
    const kind = kindOfColumn(source.table, name);
    const words = ['event_time', 'amount_cents', 'currency'].includes(kind) ? 'numbers' : 'names';
    if (!isText(source, name)) {
      return { raw: `${numericSql(column)} AS ${as}`, trimmed: as, present: as };
    }
    return {
      raw: `${textOfColumn(column.identifier, kind, column.type)} AS ${as}`,
      trimmed: `${words === 'names' ? trimmedNameSql(as) : trimmedSql(as)} AS ${as}`,
      present: `${presentSql(as, words)} AS ${as}`,
    };
  });
  columns.push(...typedColumns(source, rules.properties).map(presentProperty));
  const list = (of: 'raw' | 'trimmed' | 'present') =>
    columns.map((column) => column[of]).join(', ');
  const [also, made] = given === undefined ? ['', ''] : ['"given",', `${given},`];
  return `SELECT "row", ${also} ${list('present')}
    FROM (SELECT "row", ${also} ${list('trimmed')}
      FROM (SELECT row_number() OVER () AS "row", ${made} ${list('raw')} FROM ${source.relation}))`;
}

function isText(source: SourceFile, name: string): boolean {
  const isTime = kindOfColumn(source.table, name) === 'event_time';
  return !isTime || source.columns.get(name)!.times === 'text';
}

/** A time that is no text: DuckDB's own timestamps stay as they are. */
function numericSql({ identifier, times }: SourceColumn): string {
  return isNumeric(times) ? microsSql(identifier, times) : identifier;
}

/** SQL for the timestamp of a column of `presentValues`. */
function presentTime(source: SourceFile, name: string): string {
  const { times } = source.columns.get(name)!;
  return timeSql(quoteIdentifier(name), isNumeric(times) ? 'micros' : times);
}

function parsedColumns(source: SourceFile, rules: CleaningRules): string[] {
  const { columns, timeColumn } = rawTables[source.table];
  const parsed = columns.flatMap((column) => parsedColumn(source, column, rules));
  const typed = typedColumns(source, rules.properties);
  if (typed.length > 0) parsed.push(`${faultyPropertySql(typed)} AS "${FAULTY_PROPERTY}"`);
  return [...parsed, `${arrivalSql(source, timeColumn, rules)} AS "ingested_at"`];
}

function parsedColumn(source: SourceFile, column: RawColumn, rules: CleaningRules): string[] {
  switch (column.kind) {
    case 'event_time':
      return [`${presentTime(source, column.name)} AS "${column.name}"`];
    case 'amount_cents':
      return moneyOf(source, rules);
    case 'currency':
      return []; // It goes with the amount.
    case 'attribute_id':
      return [attributeId(source)];
    case 'properties': {
      const properties = canonicalPropertiesSql(typedColumns(source, rules.properties));
      return [`${properties} AS "${column.name}"`];
    }
    case 'id':
    case 'text':
    case 'optional_text':
    case 'billing_type':
    case 'attribute_name':
    case 'attribute_value':
      return [textColumn(source, column.name)];
  }
}

function textColumn({ columns }: SourceFile, name: string): string {
  return columns.has(name) ? `"${name}"` : `CAST(NULL AS VARCHAR) AS "${name}"`;
}

function moneyOf({ columns }: SourceFile, { currency }: CleaningRules): string[] {
  return moneyColumns({
    amountsIn: columns.has('amount') ? 'units' : 'minor units',
    namesCurrency: columns.has('currency'),
    currency,
  });
}

function attributeId(source: SourceFile): string {
  const given = source.columns.has('attribute_id') ? '"attribute_id"' : 'NULL';
  const time = presentTime(source, 'event_time');
  const made = attributeIdSql({ userId: '"user_id"', name: '"name"', time });
  return `coalesce(${given}, ${made}) AS "attribute_id"`;
}

function arrivalSql(source: SourceFile, timeColumn: string, rules: CleaningRules): string {
  if (carriesArrival(source)) return presentTime(source, 'ingested_at');
  return rules.missingArrival === 'now'
    ? 'CAST(NULL AS TIMESTAMP)'
    : presentTime(source, timeColumn);
}

const isPrintable = (name: string) => isPrintableSql(`"${name}"`);
const unprintableIfThere = (name: string) => `NOT coalesce(${isPrintable(name)}, true)`;

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
    ...named('optional_text').map(unprintableIfThere),
    ...named('amount_cents').map(
      (name) =>
        `NOT ("amount_is_number" AND coalesce(abs("${name}") <= ${MAX_AMOUNT_CENTS}, false))`,
    ),
    ...named('attribute_name').map((name) => `NOT ${isAttributeNameSql(`"${name}"`)}`),
    ...named('attribute_value').map((name) => `NOT ${isAttributeValueSql(`"${name}"`)}`),
  ];
  const needsArrival = carriesArrival(source) || rules.missingArrival === 'assumed';
  const missingTime = [timeColumn, ...(needsArrival ? ['ingested_at'] : [])];
  return [
    [
      'invalid_id',
      [...unprintable(named('id')), ...named('attribute_id').map(unprintableIfThere)].join(' OR '),
    ],
    ['invalid_value', badValues.join(' OR ') || 'false'],
    ['invalid_time', missingTime.map((name) => `"${name}" IS NULL`).join(' OR ')],
    ...(source.table === 'billing_events' ? moneyChecks(rules) : []),
    ...(typedColumns(source, rules.properties).length > 0 ? [propertyCheck] : []),
    ...clockChecks(timeColumn, rules),
  ];
}

const propertyCheck: [RejectionReason, string] = [
  'invalid_property',
  `"${FAULTY_PROPERTY}" IS NOT NULL`,
];

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
  const future = `${latestTime(timeColumn)} > make_timestamp(${rules.now ?? 0n}::BIGINT) + ${tolerance}`;
  return [
    ...(rules.now === null ? [] : [['in_the_future', future] satisfies [RejectionReason, string]]),
    ['after_arrival', `"${timeColumn}" > "ingested_at" + ${tolerance}`],
  ];
}

/** What must not be in the future: when a row happened, and when it arrived. */
function latestTime(timeColumn: string): string {
  return `greatest("${timeColumn}", "ingested_at")`;
}
