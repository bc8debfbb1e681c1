import { createFeatureSet, featureSet } from '../../../../packages/features/feature-set';
import { type SourceTable } from '../../../../packages/features/language/feature-definition';
import { defineFeatureGroup } from '../../../../packages/features/language/define-feature-group';
import { billingTypes } from '../../../../packages/raw-data/raw-tables';

const prose = { unit: 'things', description: 'What it is.' };
const count = { ...prose, type: 'int32', aggregate: { kind: 'count' }, windowDays: 7 };
const sum = {
  ...prose,
  type: 'float64',
  aggregate: { kind: 'sum', column: 'amount_cents' },
  windowDays: 7,
};
const sessions = {
  ...prose,
  type: 'int32',
  aggregate: { kind: 'count-distinct', column: 'session_id' },
  windowDays: 7,
};
const since = { ...prose, type: 'int32', aggregate: { kind: 'days-since-last' } };
const latest = {
  ...prose,
  type: 'bool',
  aggregate: { kind: 'latest-equals', column: 'plan', equals: 'pro' },
};

/** What was written may be anything: definitions are checked when they are made. */
const define = (source: string, body: object, name = 'windowDays' in body ? 'a_7d' : 'a_b') =>
  defineFeatureGroup({ source: source as SourceTable, features: { [name]: body as never } });

describe('a feature definition', () => {
  it.each([
    ['a count of every user event', 'user_events', count],
    ['a count of one type of them', 'user_events', { ...count, eventType: 'support_ticket' }],
    ['a count of a billing event type', 'billing_events', { ...count, eventType: 'refund' }],
    ['a count of plan changes', 'plan_changes', count],
    ['a share of a day', 'user_events', { ...count, type: 'float64', dividedBy: 7 }],
    ['sessions of one event type', 'user_events', { ...sessions, eventType: 'login' }],
    ['a sum of refunds', 'billing_events', { ...sum, eventType: 'refund', dividedBy: 100 }],
    ['days since a billing event', 'billing_events', { ...since, eventType: 'charge_failed' }],
    ['days since any plan change', 'plan_changes', since],
    ['a plan', 'plan_changes', latest],
    ['a default that is not natural', 'user_events', { ...count, default: -1 }],
    ['a default of 0 where signup is natural', 'user_events', { ...since, default: 0 }],
    ['a default of 999 days', 'user_events', { ...since, default: 999 }],
    ['a default with a fraction, for a float64', 'billing_events', { ...sum, default: 0.5 }],
    ['a default plan', 'plan_changes', { ...latest, default: false }],
    ['notes and wording', 'user_events', { ...count, notes: ['One.'], wording: { one: '1' } }],
  ])('may be %s', (_what, source, body) => {
    const [definition] = define(source, body);
    expect(definition).toEqual({ ...body, source, name: 'windowDays' in body ? 'a_7d' : 'a_b' });
    expect(Object.isFrozen(definition)).toBe(true);
  });

  it.each(billingTypes)('may be of %s, as every type that billing events have', (eventType) => {
    expect(() => define('billing_events', { ...count, eventType })).not.toThrow();
  });

  it.each<[string, string, object, RegExp]>([
    ['an unknown key', 'user_events', { ...count, window: 7 }, /window is not a key of a feature/],
    [
      'an unknown key of its aggregate',
      'user_events',
      { ...count, aggregate: { kind: 'count', column: 'session_id' } },
      /column is not a key of count/,
    ],
    [
      'an unknown aggregate',
      'user_events',
      { ...count, aggregate: { kind: 'mean' } },
      /must be one of count,/,
    ],
    ['no aggregate', 'user_events', { ...prose, type: 'int32' }, /must be one of count,/],
    [
      'an event type of plan changes',
      'plan_changes',
      { ...count, eventType: 'login' },
      /plan_changes have no event types/,
    ],
    [
      'a billing event type that there is not',
      'billing_events',
      { ...count, eventType: 'login' },
      /never login/,
    ],
    ['an empty event type', 'user_events', { ...count, eventType: '' }, /1 to 128 printable/],
    ['a sum of user events', 'user_events', sum, /sum works on billing_events, not on user_events/],
    ['a sum of plan changes', 'plan_changes', sum, /sum works on billing_events/],
    [
      'a sum of another column',
      'billing_events',
      { ...sum, aggregate: { kind: 'sum', column: 'event_id' } },
      /the column of sum must be amount_cents/,
    ],
    [
      'a sum in an int32',
      'billing_events',
      { ...sum, type: 'int32' },
      /sum must be of type float64/,
    ],
    ['sessions of billing events', 'billing_events', sessions, /on user_events, not on billing/],
    ['a plan of user events', 'user_events', latest, /latest-equals works on plan_changes/],
    ['a plan that is a number', 'plan_changes', { ...latest, type: 'int32' }, /of type bool/],
    ['a count that is a bool', 'user_events', { ...count, type: 'bool' }, /not bool/],
    ['days that are a fraction', 'user_events', { ...since, type: 'float64' }, /of type int32/],
    ['a default for another type', 'plan_changes', { ...latest, default: 1 }, /1 is not a value/],
    ['a fraction for an int32', 'user_events', { ...since, default: 1.5 }, /not a value of type/],
    ['a default beyond int32', 'user_events', { ...since, default: 2 ** 31 }, /not a value of/],
    ['a default that is not a number', 'billing_events', { ...sum, default: NaN }, /NaN is not a/],
    ['a default of minus zero', 'billing_events', { ...sum, default: -0 }, /not a value/],
    ['a default left undefined', 'user_events', { ...count, default: undefined }, /leave it out/],
    ['a default that is natural', 'user_events', { ...count, default: 0 }, /anyway: leave it out/],
    ['a divided int32', 'user_events', { ...count, dividedBy: 7 }, /an int32 is not divided/],
    ['a division by 1', 'billing_events', { ...sum, dividedBy: 1 }, /at least 2/],
    ['a division by a fraction', 'billing_events', { ...sum, dividedBy: 2.5 }, /whole number/],
    ['no window', 'user_events', { ...count, windowDays: undefined }, /a count needs a window/],
    ['a window of none', 'user_events', { ...since, windowDays: 7 }, /has no window/],
    ['a window of a fraction', 'user_events', { ...count, windowDays: 7.5 }, /1 to 366 whole days/],
    ['a window of no day', 'user_events', { ...count, windowDays: 0 }, /1 to 366 whole days/],
    ['a window over a year', 'user_events', { ...count, windowDays: 367 }, /1 to 366 whole days/],
    ['another window than its name', 'user_events', { ...count, windowDays: 8 }, /end in _8d/],
    ['no unit', 'user_events', { ...count, unit: ' ' }, /each be one line of text/],
    ['a description of two lines', 'user_events', { ...count, description: 'a\nb' }, /one line/],
    ['words for a value that is not', 'user_events', { ...count, wording: { two: 'b' } }, /two is/],
  ])('is refused with %s', (_what, source, body, message) => {
    expect(() => define(source, body)).toThrow(RangeError);
    expect(() => define(source, body)).toThrow(message);
    expect(() => define(source, body)).toThrow(/^a_(7d|b): /);
  });

  it.each([
    ['Sessions', /snake_case/],
    ['7d', /snake_case/],
    ['a__b', /snake_case/],
    ['a"; drop table x', /snake_case/],
    ['order', /several words/],
    ['user_id', /a column of that name/],
    ['known_at', /a column of that name/],
    ['label_left', /for labels/],
    [`a_${'a'.repeat(59)}`, /at most 60/],
  ])('is refused under the name %s', (name, message) => {
    expect(() => define('user_events', since, name)).toThrow(message);
  });

  it('is of a source that there is, in a group without unknown keys', () => {
    expect(() => define('clicks', count)).toThrow('source clicks must be one of user_events');
    const group = { source: 'user_events', features: {}, windowDays: 7 } as const;
    expect(() => defineFeatureGroup(group)).toThrow('windowDays is not a key');
  });
});

describe('a feature set', () => {
  it('has no two features of one name', () => {
    const features = [...featureSet.features, featureSet.features[0]!];
    expect(() => createFeatureSet({ ...featureSet, features })).toThrow('the same name');
  });

  it('has a label that is told from the features by its name', () => {
    const label = { ...featureSet.label, name: 'churned_30d' };
    expect(() => createFeatureSet({ ...featureSet, label })).toThrow('label_');
  });

  it.each(['eligibleBy', 'recency'] as const)('has the feature that %s names', (role) => {
    for (const name of ['sessions_31d', 'is_pro_plan']) {
      expect(() => createFeatureSet({ ...featureSet, [role]: name })).toThrow(
        `there is no feature ${name} that is a number`,
      );
    }
  });

  it('has another hash for another default, and none for one that is absent', () => {
    const hashOf = (change: object) => {
      const [definition] = define('user_events', { ...since, ...change });
      return createFeatureSet({
        ...featureSet,
        features: [...featureSet.features, definition!],
      }).definitionHashes.a_b;
    };
    const hashes = [hashOf({}), hashOf({ default: 999 }), hashOf({ default: 0 })];
    expect(new Set(hashes).size).toBe(3);
  });
});
