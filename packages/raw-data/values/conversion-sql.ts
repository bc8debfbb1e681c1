import { minorUnitDigits } from '../../currencies';
import { quoteLiteral } from '../../duckdb';
import {
  dailyRates,
  RATE_DECIMALS,
  type DailyRates,
  type ExchangeRates,
  type SettledRates,
} from './exchange-rates';

/** The rates by which a load converts amounts, by currency; none of the installation's own. */
export type ConversionRates = ReadonlyMap<string, DailyRates>;

/** Those that files give, and before them those that earlier loads settled. */
export function conversionRates(given: ExchangeRates, settled: SettledRates): ConversionRates {
  const rates = new Map<string, DailyRates>();
  for (const currency of new Set([...given.keys(), ...settled.keys()])) {
    const daily = dailyRates(given.get(currency), settled.get(currency));
    if (daily) rates.set(currency, daily);
  }
  return rates;
}

/** That rows of a currency and day (days since 1970-01-01) were converted. */
export interface UsedRate {
  readonly currency: string;
  readonly day: number;
}

export interface Conversion {
  readonly rates: ConversionRates;
  /** The installation's currency. */
  readonly own: string;
  /** Amounts above it, in minor units, are rejected; those before the conversion too. */
  readonly largest: number;
}

/** Columns beside a row's: the currency that it was converted from, and its day; null where it was not. */
export const conversionColumns = ['converted_from', 'converted_on'] as const;

/**
 * SQL for billing rows with their amounts in the installation's currency, where a rate is known for
 * the currency and the UTC day of the event: rounded to minor units, halves to the even one. The
 * others stay as they are.
 *
 * @param rows  SQL for rows with amount_cents, in minor units of their own currency, currency, event_time.
 */
export function convertedRows(rows: string, { rates, own, largest }: Conversion): string {
  const day = `CAST(datediff('day', DATE '1970-01-01', CAST("event_time" AS DATE)) AS INTEGER)`;
  const withRate = `SELECT *, ${day} AS "day", ${rateSql(rates, day)} AS "rate",
    ${divisorSql(rates, own)} AS "divisor" FROM (${rows})`;
  // The product of a larger amount might not fit.
  const fits = `"amount_cents" <= ${largest}`;
  const withProduct = `SELECT *,
    CASE WHEN ${fits} THEN CAST("amount_cents" AS HUGEINT) * "rate" END AS "product" FROM (${withRate})`;
  const rest = `2 * ("product" % "divisor")`;
  const isUp = `${rest} > "divisor" OR (${rest} = "divisor" AND ("product" // "divisor") % 2 = 1)`;
  const converted = `TRY_CAST("product" // "divisor" + CASE WHEN ${isUp} THEN 1 ELSE 0 END AS BIGINT)`;
  const [from, on] = conversionColumns;
  const whenRated = (value: string, otherwise: string) =>
    `CASE WHEN "rate" IS NULL THEN ${otherwise} ELSE ${value} END`;
  return `SELECT * EXCLUDE ("day", "rate", "divisor", "product")
      REPLACE (${whenRated(converted, '"amount_cents"')} AS "amount_cents",
        ${whenRated(quoteLiteral(own), '"currency"')} AS "currency"),
      ${whenRated('"currency"', 'NULL')} AS "${from}", ${whenRated('"day"', 'NULL')} AS "${on}"
    FROM (${withProduct})`;
}

function rateSql(rates: ConversionRates, day: string): string {
  const cases = [...rates].map(([currency, { firstDay, rates: ofDays }]) => {
    const list = ofDays.map((rate) => rate?.rate.toString() ?? '').join(',');
    // A text is read once; that many numbers would each be an expression.
    const values = `TRY_CAST(string_split(${quoteLiteral(list)}, ',') AS HUGEINT[])`;
    // Before the first day the place would count from the end of the list.
    return `WHEN "currency" = ${quoteLiteral(currency)} AND ${day} >= ${firstDay}
      THEN ${values}[${day} - ${firstDay - 1}]`;
  });
  return `CASE ${cases.join(' ')} END`;
}

/** What the product of minor units and rate is to be divided by. */
function divisorSql(rates: ConversionRates, own: string): string {
  const cases = [...rates.keys()].map((currency) => {
    const digits = RATE_DECIMALS + minorUnitDigits(currency)! - minorUnitDigits(own)!;
    return `WHEN ${quoteLiteral(currency)} THEN CAST('1${'0'.repeat(digits)}' AS HUGEINT)`;
  });
  return `CASE "currency" ${cases.join(' ')} END`;
}
