import { defineFeatureGroup } from '../language/define-feature-group';

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
      notes: [
        'A session that spans midnight, pauses or continues the next day counts once, because sessions are distinct over the whole window and not summed by day.',
        'A session counts while any one of its events is in the window, so an old session with one late event counts.',
      ],
      wording: { other: '{n} sessions a day in 7 days' },
    },
    sessions_30d: {
      type: 'int32',
      unit: 'sessions',
      description: 'Distinct sessions with an event in the last 30 days.',
      aggregate: { kind: 'count-distinct', column: 'session_id' },
      windowDays: 30,
      notes: [
        'Sessions are counted once over the whole window, as for `avg_sessions_7d`.',
        'A user who is subscribed (`is_subscribed`) and has at least one is eligible: only such users are used for training, listed as at risk and compared for drift. A subscribed user without one is dormant.',
      ],
      wording: {
        zero: 'no sessions in 30 days',
        one: '1 session in 30 days',
        other: '{n} sessions in 30 days',
      },
    },
    days_since_last_login: {
      type: 'int32',
      unit: 'days',
      description:
        'Whole 24-hour days since the last login, or since signup if there was no login yet.',
      eventType: 'login',
      aggregate: { kind: 'days-since-last' },
      notes: ['Rounded down: 23 hours and 59 minutes are 0.', 'A login at exactly T gives 0.'],
      wording: {
        zero: 'login within the last day',
        one: 'no login for 1 day',
        other: 'no login for {n} days',
      },
    },
  },
});
