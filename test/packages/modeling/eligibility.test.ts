import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { onlineStateHash } from '../../../packages/contracts/partitions';
import { featureSet } from '../../../packages/features/feature-set';
import {
  createEligibilityCheck,
  eligibleCondition,
  isSameEligibility,
  knowsState,
  type Eligibility,
} from '../../../packages/modeling/eligibility';
import { eligibilityHashes, ineligibleReasonSql } from '../../../packages/modeling/eligibility';

const stateHash = onlineStateHash(featureSet.definitionHashes[featureSet.state.name]!);

/** Who is eligible, and why not: the definition as a table. */
const cases = [
  { is_subscribed: true, sessions_30d: 1, reason: null },
  { is_subscribed: true, sessions_30d: 90, reason: null },
  { is_subscribed: true, sessions_30d: 0, reason: 'dormant' },
  { is_subscribed: false, sessions_30d: 1, reason: 'left' },
  { is_subscribed: false, sessions_30d: 0, reason: 'left' },
] as const;

describe('who is eligible', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());
  const check = createEligibilityCheck(featureSet);

  it.each(cases)('of an online value: %p', ({ is_subscribed, sessions_30d, reason }) => {
    const vector = { features: { sessions_30d }, is_subscribed, state_hash: stateHash };
    expect(check(vector)).toEqual({ eligible: reason === null, ineligible_reason: reason });
  });

  it('is the same in SQL, reasons and all', async () => {
    const duckDb = await openTestDuckDb(scratch.path);
    const rows = cases.map(
      ({ is_subscribed, sessions_30d }, index) => `(${index}, ${is_subscribed}, ${sessions_30d})`,
    );
    const found = await duckDb.rows(
      `SELECT (${eligibleCondition(featureSet)}) AS eligible, ${ineligibleReasonSql(featureSet)} AS reason
       FROM (VALUES ${rows.join(', ')}) AS t(id, is_subscribed, sessions_30d) ORDER BY id`,
    );
    duckDb.close();
    expect(found).toEqual(cases.map(({ reason }) => ({ eligible: reason === null, reason })));
  });

  it.each<[string, { is_subscribed?: boolean; state_hash?: string }]>([
    ['without a state', {}],
    ['with a state of another definition', { is_subscribed: true, state_hash: '0123456789abcdef' }],
    ['with a state that names no definition', { is_subscribed: false }],
    ['with a definition and no state', { state_hash: stateHash }],
  ])('is not known of an online value %s, dormant or not', (_what, state) => {
    for (const sessions_30d of [0, 5]) {
      expect(check({ features: { sessions_30d }, ...state })).toEqual({
        eligible: null,
        ineligible_reason: null,
      });
    }
  });

  it('is decided by the feature that the feature set names', () => {
    const byPayments = createEligibilityCheck({ ...featureSet, eligibleBy: 'failed_payments_30d' });
    const vector = { is_subscribed: true, state_hash: stateHash };
    expect([
      byPayments({ ...vector, features: { sessions_30d: 0, failed_payments_30d: 1 } }).eligible,
      byPayments({ ...vector, features: { sessions_30d: 9, failed_payments_30d: 0 } }).eligible,
      byPayments({ ...vector, features: { sessions_30d: 9 } }).eligible,
    ]).toEqual([true, false, false]);
  });
});

describe('what a partition says', () => {
  const { definitionHashes } = featureSet;

  it.each([
    ['this definition of the state', definitionHashes, true],
    ['another definition', { ...definitionHashes, is_subscribed: 'another' }, false],
    ['none', {}, false],
  ])('of the state: %s', (_what, hashes, known) => {
    expect(knowsState({ definition_hashes: hashes }, featureSet)).toBe(known);
  });

  it('is not known where the asker has no definition either', () => {
    const without: Eligibility = { ...featureSet, definitionHashes: {} };
    expect(knowsState({ definition_hashes: {} }, without)).toBe(false);
  });
});

describe('the eligibility that a model records', () => {
  const recorded = eligibilityHashes(featureSet);

  it('names the deciding columns with their definitions, and no others', () => {
    expect(recorded).toEqual({
      is_subscribed: featureSet.definitionHashes.is_subscribed,
      sessions_30d: featureSet.definitionHashes.sessions_30d,
    });
  });

  it.each<[string, Readonly<Record<string, string>> | null, boolean]>([
    ['the same', { ...recorded }, true],
    ['none', null, false],
    ['another state', { ...recorded, is_subscribed: 'another' }, false],
    ['another activity', { ...recorded, sessions_30d: 'another' }, false],
    ['one column fewer', { sessions_30d: recorded.sessions_30d! }, false],
    ['one column more', { ...recorded, is_pro_plan: 'more' }, false],
  ])('is compared with the present one: %s', (_what, record, isSame) => {
    expect(isSameEligibility(record, featureSet)).toBe(isSame);
  });
});
