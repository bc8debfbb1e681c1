import { quoteList } from '../../duckdb';
import { moneylessBillingTypes } from '../raw-tables';

/**
 * SQL columns: whether the amount is a number, its two faults, and the exact cents of one without; the
 * cents are null for a number far above `MAX_AMOUNT_CENTS`.
 */
export function amountColumns(writtenIn: 'units' | 'cents'): string[] {
  const inUnits = writtenIn === 'units';
  const text = inUnits ? '"amount"' : '"amount_cents"';
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
