import { defineFeatureGroup } from '../language/define-feature-group';

/**
 * What a user paid, and what failed.
 *
 * @param minorUnitDigits  How many decimals the installation's currency has: 2 for USD, 0 for JPY.
 */
export const payments = (minorUnitDigits: number) =>
  defineFeatureGroup({
    source: 'billing_events',
    features: {
      failed_payments_30d: {
        type: 'int32',
        unit: 'payments',
        description: 'Failed charges in the last 30 days.',
        eventType: 'charge_failed',
        aggregate: { kind: 'count' },
        windowDays: 30,
        notes: [
          'Every failed attempt counts, so a charge that fails three times counts three times.',
        ],
        wording: {
          zero: 'no failed payments in 30 days',
          one: '1 failed payment in 30 days',
          other: '{n} failed payments in 30 days',
        },
      },
      total_spend_90d: {
        type: 'float64',
        unit: 'currency units',
        description: 'Sum of successful charges in the last 90 days, from exact minor units.',
        eventType: 'charge_succeeded',
        aggregate: { kind: 'sum', column: 'amount_cents' },
        windowDays: 90,
        ...(minorUnitDigits === 0 ? {} : { dividedBy: 10 ** minorUnitDigits }),
        notes: [
          'In the currency of the installation (`CHURN_CURRENCY`).',
          'Minor units (cents) are summed as integers and divided once, at the end, so that rounding errors do not add up: by 100 where the currency has two decimals by ISO 4217, by 1,000 where it has three; not at all where it has none, such as JPY.',
          'Refunds and disputes are not subtracted.',
        ],
        wording: { other: '{n} spent in 90 days' },
      },
    },
  });
