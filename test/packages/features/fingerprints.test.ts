import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  createFeatureSet,
  featureSet,
  type FeatureSet,
} from '../../../packages/features/feature-set';
import type { FeatureDefinition } from '../../../packages/features/language/feature-definition';
import { fingerprintProblems, fingerprintsOf, type Fingerprints } from './feature-fingerprints';

const file = path.resolve(__dirname, '../../../packages/features/definitions/fingerprints.json');

describe('the fingerprints of the definitions', () => {
  if (process.env.CHURN_UPDATE_FINGERPRINTS === '1') {
    writeFileSync(file, `${JSON.stringify(fingerprintsOf(featureSet), null, 2)}\n`);
  }

  it('are those that were committed: a name keeps its meaning', () => {
    const committed = JSON.parse(readFileSync(file, 'utf8')) as Fingerprints;
    expect(fingerprintProblems(committed, fingerprintsOf(featureSet))).toEqual([]);
  });
});

describe('a difference from the committed fingerprints', () => {
  /** The release's features with one of them changed. */
  const changed = (change: Partial<FeatureDefinition>, name = 'failed_payments_30d'): FeatureSet =>
    createFeatureSet({
      ...featureSet,
      features: featureSet.features.map((feature) =>
        feature.name === name ? { ...feature, ...change } : feature,
      ),
    });
  const problems = (present: FeatureSet) =>
    fingerprintProblems(fingerprintsOf(featureSet), fingerprintsOf(present));

  it.each([
    ['another event type', { eventType: 'refund' }],
    ['another window', { windowDays: 31 }],
    ['another aggregate', { aggregate: { kind: 'days-since-last' } as const }],
    ['a default', { default: 1 }],
    ['a divisor', { dividedBy: 2 }],
    ['another source', { source: 'user_events' as const }],
  ])('is a silent change of meaning: %s', (_what, change) => {
    expect(problems(changed(change))).toEqual([
      expect.stringMatching(
        /^failed_payments_30d means something else.*failed_payments_30d_v2.*=1/,
      ),
    ]);
  });

  it.each([
    ['the description', { description: 'Said in other words.' }],
    ['the notes', { notes: ['One more.'] }],
    ['the wording', { wording: { other: '{n} of them' } }],
  ])('is none where only prose changed: %s', (_what, change) => {
    expect(problems(changed(change))).toEqual([]);
    expect(changed(change).schemaHash).toBe(featureSet.schemaHash);
  });

  it('says of a new feature and of one that is gone that they are to be recorded', () => {
    const [first, ...rest] = featureSet.features;
    const renamed = { ...first!, name: 'sessions_a_day_7d' };
    const present = createFeatureSet({ ...featureSet, features: [renamed, ...rest] });
    expect(problems(present)).toEqual([
      expect.stringMatching(/^avg_sessions_7d is gone/),
      expect.stringMatching(/^sessions_a_day_7d is new/),
    ]);
  });

  it('is seen in the order alone: every vector would have it', () => {
    const present = createFeatureSet({ ...featureSet, features: featureSet.features.toReversed() });
    expect(problems(present)).toEqual([expect.stringMatching(/^order, unit or type/)]);
  });
});
