import fc from 'fast-check';
import { createFeatureSet, featureSet } from '../../../packages/features/feature-set';
import { defineFeatureGroup } from '../../../packages/features/language/define-feature-group';

const prose = { unit: 'things', description: 'What it is.' };

/** With kinds of definitions that the platform's own features leave out. */
export const unusual = createFeatureSet({
  ...featureSet,
  features: [
    ...featureSet.features,
    ...defineFeatureGroup({
      source: 'user_events',
      features: {
        login_sessions_7d: {
          ...prose,
          type: 'int32',
          aggregate: { kind: 'count-distinct', column: 'session_id' },
          eventType: 'login',
          windowDays: 7,
        },
        logins_1d: {
          ...prose,
          type: 'int32',
          aggregate: { kind: 'count' },
          eventType: 'login',
          windowDays: 1,
        },
        events_1d: {
          ...prose,
          type: 'float64',
          aggregate: { kind: 'count' },
          windowDays: 1,
          dividedBy: 4,
          default: -1,
        },
        days_since_last_event: {
          ...prose,
          type: 'int32',
          aggregate: { kind: 'days-since-last' },
          default: 999,
        },
      },
    }),
    ...defineFeatureGroup({
      source: 'billing_events',
      features: {
        refunds_7d: {
          ...prose,
          type: 'float64',
          aggregate: { kind: 'sum', column: 'amount_cents' },
          eventType: 'refund',
          windowDays: 7,
          // One that DuckDB rounds where it reads a DECIMAL.
          default: 0.9176942268760129,
        },
      },
    }),
    ...defineFeatureGroup({
      source: 'plan_changes',
      features: {
        is_free: {
          ...prose,
          type: 'bool',
          aggregate: { kind: 'latest-equals', column: 'plan', equals: 'free' },
          default: false,
        },
        changes_30d: { ...prose, type: 'int32', aggregate: { kind: 'count' }, windowDays: 30 },
      },
    }),
  ],
});

/** The platform's own definitions, and every other kind that the language has. */
export const anyDefinitions = fc.constantFrom(featureSet, unusual);
