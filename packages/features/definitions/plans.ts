import { defineFeatureGroup } from '../language';

/** What a user subscribes to. */
export const plans = defineFeatureGroup({
  source: 'plan_changes',
  features: {
    is_pro_plan: {
      type: 'bool',
      unit: 'yes or no',
      description: 'Whether the plan in force is pro.',
      aggregate: { kind: 'latest-equals', column: 'plan', equals: 'pro' },
    },
  },
});
