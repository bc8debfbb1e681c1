import { currencies, minorUnitDigits } from '../../currencies';
import { quoteList, quoteLiteral } from '../../duckdb';
import { moneylessBillingTypes } from '../raw-tables';

/** How a source writes money. */
export interface WrittenMoney {
  /** `units`: the column `amount`; `minor units`: the column `amount_cents`. */
  readonly amountsIn: 'units' | 'minor units';
  /** Whether rows name their currency; otherwise all are in the installation's. */
  readonly namesCurrency: boolean;
  /** The installation's. */
  readonly currency: string;
}

/**
 * SQL columns of a row's money: `amount_is_number`, two faults, and `amount_cents`, exact minor units
 * of the row's own currency, without a sign. The minor units are null for a number that does not fit,
 * and cut off where the row has the fault `amount_is_below_a_cent`. Then the row's currency.
 */
export function moneyColumns(money: WrittenMoney): string[] {
  const inUnits = money.amountsIn === 'units';
  const isMoneyless = `list_contains(${quoteList(moneylessBillingTypes)}, "event_type")`;
  const amount = `coalesce(${inUnits ? '"amount"' : '"amount_cents"'}, CASE WHEN ${isMoneyless} THEN '0' END)`;
  const isNumber = String.raw`regexp_full_match(${amount}, '[+-]?\d*(\.\d*)?') AND regexp_matches(${amount}, '\d')`;
  // A refund that is written as what the business lost means the same.
  const isNegative = `starts_with(${amount}, '-') AND regexp_matches(${amount}, '[1-9]') AND "event_type" <> 'refund'`;
  const whole = String.raw`regexp_extract(${amount}, '^[+-]?(\d*)', 1)`;
  const fraction = String.raw`rtrim(regexp_extract(${amount}, '\.(\d*)$', 1), '0')`;
  const digits = inUnits ? digitsSql(money) : '0';
  return [
    `coalesce(${isNumber}, false) AS "amount_is_number"`,
    `coalesce(${isNegative}, false) AS "amount_is_negative"`,
    `length(${fraction}) > ${digits} AS "amount_is_below_a_cent"`,
    `TRY_CAST('0' || ${whole} || rpad(${fraction}, ${digits}, '0') AS BIGINT) AS "amount_cents"`,
    `${currencySql(money)} AS "currency"`,
  ];
}

function currencySql({ namesCurrency, currency }: WrittenMoney): string {
  return namesCurrency
    ? `coalesce(upper("currency"), ${quoteLiteral(currency)})`
    : quoteLiteral(currency);
}

const mostDigits = Math.max(...currencies.values());

/** How many decimals the amounts of a row have. What is no currency is rejected as such, not for these. */
function digitsSql(money: WrittenMoney): string {
  const own = minorUnitDigits(money.currency) ?? mostDigits;
  if (!money.namesCurrency) return String(own);
  const others = [...new Set(currencies.values())].map((digits) => {
    const codes = [...currencies].filter(([, each]) => each === digits).map(([code]) => code);
    return `WHEN ${currencySql(money)} IN (${codes.map(quoteLiteral).join(', ')}) THEN ${digits}`;
  });
  const isOwn = `${currencySql(money)} = ${quoteLiteral(money.currency)}`;
  return `CASE WHEN ${isOwn} THEN ${own} ${others.join(' ')} ELSE ${mostDigits} END`;
}
