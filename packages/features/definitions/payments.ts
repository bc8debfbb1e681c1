import { defineFeatureGroup } from '../language/define-feature-group';

/** What a user paid, and what failed. */
export const payments = defineFeatureGroup({
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
      description: 'Sum of successful charges in the last 90 days, from exact cents.',
      eventType: 'charge_succeeded',
      aggregate: { kind: 'sum', column: 'amount_cents' },
      windowDays: 90,
      dividedBy: 100,
      notes: [
        'In the currency of the installation (`CHURN_CURRENCY`).',
        'Cents are summed as integers and divided by 100 once, at the end, so that rounding errors do not add up.',
        'Refunds are not subtracted.',
      ],
      wording: { other: '{n} spent in 90 days' },
    },
  },
});
