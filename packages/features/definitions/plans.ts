import { defineFeatureGroup } from '../language/define-feature-group';

/** What a user subscribes to. */
export const plans = defineFeatureGroup({
  source: 'plan_changes',
  features: {
    is_pro_plan: {
      type: 'bool',
      unit: 'yes or no',
      description: 'Whether the plan in force is pro.',
      aggregate: { kind: 'latest-equals', column: 'plan', equals: 'pro' },
      notes: [
        'The latest change at or before T decides; of two at the same microsecond, the one with the greater `change_id` (compared bytewise).',
        'The plan’s name is compared exactly: `Pro` is a different plan.',
      ],
      wording: { zero: 'not on the pro plan', one: 'on the pro plan' },
    },
  },
});
