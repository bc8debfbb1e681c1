import { compileMoment } from '../../../packages/features/compile-moment';
import { featureSet, featureSetOf } from '../../../packages/features/feature-set';
import { computeVectors } from '../../../packages/features/grid/compute-vectors';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { bill, DAY, K, L, LABEL_S, rawTablesOf, S, T, USER } from './golden-case';
import { writeRawLog } from './raw-log-fixture';
import { vectorRows } from './vector-rows';

const spend = 'total_spend_90d';

describe('features in currency units', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  it.each([
    [0, 1_500],
    [2, 15],
    [3, 1.5],
    [4, 0.15],
  ])('of a currency with %d decimals are exact', async (minorUnitDigits, units) => {
    const ofCurrency = featureSetOf({ minorUnitDigits });
    const charge = (day: bigint) => bill('charge_succeeded')(T - day * DAY, {}, 750n);
    const others = ['dispute', 'refund'].map((type) => bill(type)(T - DAY, {}, 100n));
    const raw = rawTablesOf({ fact: '', rows: [charge(1n), charge(2n), ...others], expected: {} });
    const duckDb = await openTestDuckDb(scratch.path);
    const segments = await writeRawLog(duckDb, scratch.path, raw);
    const known = { at: K, batch: S };
    const label = { at: L, batch: LABEL_S, completeThrough: L };
    const question = { userId: USER, at: T, known, label, segments };
    const [one] = await duckDb.rows<Record<string, number>>(compileMoment(ofCurrency, question));
    const grid = { first: T, count: 1, knowledge: [known], label };
    const computed = await computeVectors(duckDb, { featureSet: ofCurrency, segments, grid });
    duckDb.close();
    expect(one![spend]).toBe(units);
    expect(vectorRows(computed, ofCurrency, 0)[0]![spend]).toBe(units);
  });

  it('have other hashes where the decimals differ, and the rest the same', () => {
    expect(featureSetOf({ minorUnitDigits: 2 })).toEqual(featureSet);
    const { [spend]: yen, ...others } = featureSetOf({ minorUnitDigits: 0 }).definitionHashes;
    const { [spend]: dollars, ...same } = featureSet.definitionHashes;
    expect(others).toEqual(same);
    expect(yen).not.toBe(dollars);
  });
});
