import { defineFeatureGroup } from '../language';

/** How much and how lately a user was there. */
export const engagement = defineFeatureGroup({
  source: 'user_events',
  features: {
    avg_sessions_7d: {
      type: 'float64',
      unit: 'sessions per day',
      description: 'Distinct sessions with an event in the last 7 days, divided by 7.',
      aggregate: { kind: 'count-distinct', column: 'session_id' },
      windowDays: 7,
      dividedBy: 7,
    },
    sessions_30d: {
      type: 'int32',
      unit: 'sessions',
      description: 'Distinct sessions with an event in the last 30 days.',
      aggregate: { kind: 'count-distinct', column: 'session_id' },
      windowDays: 30,
    },
    days_since_last_login: {
      type: 'int32',
      unit: 'days',
      description: 'Whole 24-hour days since the last login; no login yet: since signup.',
      eventType: 'login',
      aggregate: { kind: 'days-since-last' },
    },
  },
});
