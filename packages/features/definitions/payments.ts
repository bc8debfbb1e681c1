import { defineFeatureGroup } from '../language';

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
    },
    total_spend_90d: {
      type: 'float64',
      unit: 'currency units',
      description: 'Sum of successful charges in the last 90 days, from exact cents.',
      eventType: 'charge_succeeded',
      aggregate: { kind: 'sum', column: 'amount_cents' },
      windowDays: 90,
      dividedBy: 100,
    },
  },
});
