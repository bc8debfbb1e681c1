import { createFeatureSet, featureSet } from '../../packages/features/feature-set';
import { defineFeatureGroup } from '../../packages/features/language/define-feature-group';

/** One more feature, as a release would add it: one entry. */
const support = defineFeatureGroup({
  source: 'user_events',
  features: {
    support_tickets_14d: {
      type: 'int32',
      unit: 'tickets',
      description: 'Support tickets in the last 14 days.',
      eventType: 'support_ticket',
      aggregate: { kind: 'count' },
      windowDays: 14,
      wording: { one: '1 support ticket in 14 days', other: '{n} support tickets in 14 days' },
    },
  },
});

/** The release's features and one more. */
export const withSupportTickets = createFeatureSet({
  ...featureSet,
  features: [...featureSet.features, ...support],
});
