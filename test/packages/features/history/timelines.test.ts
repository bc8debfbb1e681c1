import { featureSet } from '../../../../packages/features/feature-set';
import { defineFeatureGroup } from '../../../../packages/features/language/define-feature-group';
import { timelineKey } from '../../../../packages/features/history/timelines';
import { columnsOf, planTimelines } from '../../../../packages/features/history/timelines';

const prose = { unit: 'things', description: 'What it is.' };
const logins = { ...prose, type: 'int32', eventType: 'login' } as const;
const charges = { ...prose, type: 'int32', eventType: 'charge_failed' } as const;

const [count1d, count7d, last, sessions7d, sessions30d, views] = defineFeatureGroup({
  source: 'user_events',
  features: {
    logins_1d: { ...logins, aggregate: { kind: 'count' }, windowDays: 1 },
    logins_7d: { ...logins, aggregate: { kind: 'count' }, windowDays: 7 },
    days_since_last_login: { ...logins, aggregate: { kind: 'days-since-last' } },
    login_sessions_7d: {
      ...logins,
      aggregate: { kind: 'count-distinct', column: 'session_id' },
      windowDays: 7,
    },
    login_sessions_30d: {
      ...logins,
      aggregate: { kind: 'count-distinct', column: 'session_id' },
      windowDays: 30,
    },
    views_1d: { ...logins, eventType: 'view', aggregate: { kind: 'count' }, windowDays: 1 },
  },
});
const [failed, amount] = defineFeatureGroup({
  source: 'billing_events',
  features: {
    failed_1d: { ...charges, aggregate: { kind: 'count' }, windowDays: 1 },
    amount_7d: {
      ...charges,
      type: 'float64',
      aggregate: { kind: 'sum', column: 'amount_cents' },
      windowDays: 7,
    },
  },
});
const plan = (equals: string) => ({
  ...prose,
  type: 'bool' as const,
  aggregate: { kind: 'latest-equals', column: 'plan', equals } as const,
});
const [isPro, isFree] = defineFeatureGroup({
  source: 'plan_changes',
  features: { is_pro: plan('pro'), is_free: plan('free') },
});

describe('a timeline', () => {
  it.each([
    ['a count over any window', [count1d!, count7d!], [['times_0']]],
    ['a count and the last of the same rows', [count1d!, last!], [['times_0']]],
    [
      'sessions over any window',
      [sessions7d!, sessions30d!],
      [['starts_0', 'ends_0', 'pause_starts_0', 'pause_ends_0']],
    ],
    ['one event type', [count1d!, views!], [['times_0'], ['times_1']]],
    ['one source', [count1d!, failed!], [['times_0'], ['times_1']]],
    ['a sum, with its values', [failed!, amount!], [['times_0'], ['times_1', 'values_1']]],
    [
      'one plan',
      [isPro!, isFree!],
      [
        ['times_0', 'values_0'],
        ['times_1', 'values_1'],
      ],
    ],
  ])('serves %s', (_what, features, columns) => {
    const { timelines, ofFeature } = planTimelines(features);
    expect(timelines.map(columnsOf)).toEqual(columns);
    expect([...ofFeature.keys()]).toEqual(features);
  });
});

describe('the key of timelines', () => {
  const keyOf = (...features: typeof featureSet.features) =>
    timelineKey({ ...featureSet, features });

  it('is the same where the same rows are needed, and another where they are not', () => {
    expect(keyOf(count1d!, sessions7d!)).toBe(keyOf(last!, sessions30d!));
    expect(keyOf(count1d!, sessions7d!)).not.toBe(keyOf(sessions7d!, count1d!));
    expect(keyOf(isPro!)).not.toBe(keyOf(isFree!));
    expect(keyOf(count1d!)).not.toBe(keyOf(count1d!, views!));
  });
});
