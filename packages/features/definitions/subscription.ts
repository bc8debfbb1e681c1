import type { StateDefinition } from '../language/feature-definition';

/** Whether a user still subscribes: who has left is not at risk of leaving. */
export const isSubscribed: StateDefinition = {
  name: 'is_subscribed',
  description:
    'Whether the user is subscribed: false after a subscription_cancelled, until the subscription starts again, the plan changes, or a charge succeeds more than 3 days later.',
  endedBy: { source: 'billing_events', eventType: 'subscription_cancelled' },
  resumedBy: [
    { source: 'billing_events', eventType: 'subscription_started' },
    { source: 'plan_changes' },
    // A final invoice is charged within days of the cancellation, and is no return.
    { source: 'billing_events', eventType: 'charge_succeeded', afterDays: 3 },
  ],
};
