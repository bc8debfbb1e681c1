import type { LabelDefinition } from '../language/feature-definition';

/** What the model learns to foresee. */
export const churnLabel: LabelDefinition = {
  name: 'label_churned_30d',
  horizonDays: 30,
  silentIn: 'user_events',
  cancelledBy: { source: 'billing_events', eventType: 'subscription_cancelled' },
  description:
    'Training only: true iff the 30 days after T hold no user event, or a subscription_cancelled; null until known.',
};
