import type { Database, Sql, TransactionSql } from '../database';
import type { ConversionRates, UsedRate } from './values/conversion-sql';
import type { DatedRate, SettledRates } from './values/exchange-rates';

/**
 * The rates that rows were converted by into the installation's currency. They stay the rates of their
 * days, whatever later files say, so that a row that is sent again has the amount that it had.
 */
export async function readSettledRates({ sql }: Database, own: string): Promise<SettledRates> {
  const rows = await sql<{ currency: string; day: number; ofDay: number; rate: string }[]>`
    SELECT from_currency AS currency, day - DATE '1970-01-01' AS day,
      rate_day - DATE '1970-01-01' AS "ofDay",
      trunc(rate * 1000000000000000000)::text AS rate
    FROM raw_data.settled_rates WHERE into_currency = ${own}`;
  const settled = new Map<string, Map<number, DatedRate>>();
  for (const { currency, day, ofDay, rate } of rows) {
    const ofCurrency = settled.get(currency) ?? new Map<number, DatedRate>();
    settled.set(currency, ofCurrency.set(day, { ofDay, rate: BigInt(rate) }));
  }
  return settled;
}

/**
 * Whether another load has settled a rate, after `readSettledRates`, that is not the one used here.
 * Must run under the load lock.
 */
export async function isSettledOtherwise(
  tx: TransactionSql,
  used: readonly UsedRate[],
  conversion: { readonly own: string; readonly rates: ConversionRates },
): Promise<boolean> {
  const found = await tx`
    SELECT FROM ${usedTable(tx, used, conversion.rates)}
    JOIN raw_data.settled_rates AS settled
      ON settled.from_currency = used.currency AND settled.day = used.day
    WHERE settled.into_currency = ${conversion.own} AND settled.rate <> used.rate LIMIT 1`;
  return found.length > 0;
}

/** Settles the rates used by a load. Must run under the load lock. */
export async function settleRates(
  tx: TransactionSql,
  used: readonly UsedRate[],
  load: { readonly own: string; readonly rates: ConversionRates; readonly batch: number },
): Promise<void> {
  await tx`
    INSERT INTO raw_data.settled_rates (into_currency, from_currency, day, rate, rate_day, batch)
    SELECT ${load.own}, used.currency, used.day, used.rate, used.rate_day, ${load.batch}::integer
    FROM ${usedTable(tx, used, load.rates)}
    ON CONFLICT DO NOTHING`;
}

function usedTable(sql: Sql | TransactionSql, used: readonly UsedRate[], rates: ConversionRates) {
  const dated = used.map(({ currency, day }) => {
    const { firstDay, rates: ofDays } = rates.get(currency)!;
    return ofDays[day - firstDay]!;
  });
  const currencies = used.map(({ currency }) => currency);
  const days = used.map(({ day }) => day);
  const scaled = dated.map(({ rate }) => rate.toString());
  const rateDays = dated.map(({ ofDay }) => ofDay);
  return sql`(
    SELECT currency, DATE '1970-01-01' + day AS day, DATE '1970-01-01' + rate_day AS rate_day,
      scaled * 0.000000000000000001 AS rate
    FROM unnest(${currencies}::text[], ${days}::integer[], ${rateDays}::integer[], ${scaled}::numeric[])
      AS listed (currency, day, rate_day, scaled)
  ) AS used`;
}
