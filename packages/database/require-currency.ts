import type { Sql, TransactionSql } from 'postgres';
import { ChurnError } from '../contracts';

/** The currency that the environment names, with the decimals that ISO 4217 gives it. */
export interface NamedCurrency {
  readonly currency: string;
  readonly minorUnitDigits: number;
}

/**
 * Makes sure that the amounts of an installation are in this currency, and in its minor units. A
 * database without amounts, or without an installation, fits any. Changes nothing.
 *
 * @throws ChurnError INVALID_SETTING
 */
export async function requireCurrency(
  sql: Sql | TransactionSql,
  { currency, minorUnitDigits }: NamedCurrency,
): Promise<void> {
  const [recorded] = await sql<{ currency: string; digits: number | null }[]>`
    SELECT currency, minor_unit_digits AS digits FROM ops.installation
    WHERE EXISTS (SELECT FROM raw_data.billing_events)`;
  if (!recorded) return;
  if (recorded.currency !== currency) {
    throw invalidCurrency(`this installation already holds amounts in ${recorded.currency}`);
  }
  // Earlier releases stored an `amount` in hundredths whatever the currency, an `amount_cents` as it
  // was, and not which of the two it had been.
  if ((recorded.digits ?? 2) === minorUnitDigits) return;
  throw invalidCurrency(
    `an earlier release stored the amounts of this installation as if ${currency} had 2 decimals, but it has ${minorUnitDigits}; import the data again with another CHURN_DATA_DIR`,
  );
}

export function invalidCurrency(problem: string): ChurnError {
  return new ChurnError('INVALID_SETTING', { variable: 'CHURN_CURRENCY', problem });
}
