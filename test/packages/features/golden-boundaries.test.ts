import type { DuckDb } from '../../../packages/duckdb';
import {
  computeVectors,
  featureSet,
  naiveVector,
  type RawTables,
  type SegmentFiles,
} from '../../../packages/features';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { DAY, USER, T, K, S, L, LABEL_S, type Question, silent, rawTablesOf } from './golden-case';
import { featureCases } from './golden-feature-cases';
import { labelCases } from './golden-label-cases';
import { vectorRows } from './vector-rows';
import { openTestDuckDb, writeRawLog } from './raw-log-fixture';

describe('at the boundaries of time and knowledge', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;
  let written = 0;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path, 1);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it.each([...featureCases, ...labelCases])('$fact', async (golden) => {
    const raw = rawTablesOf(golden);
    const question: Question = {
      userId: USER,
      at: T,
      knownAt: K,
      batch: S,
      labelKnownAt: L,
      labelBatch: LABEL_S,
      completeThrough: L,
      ...golden.asked,
    };
    const expected = golden.expected && { ...silent, ...golden.expected };
    expect(oracleSays(raw, question)).toEqual(expected);
    const segments = await writeRawLog(duckDb, `${scratch.path}/case${(written += 1)}`, raw);
    expect(await engineSays(segments, question, 0)).toEqual(expected);
    expect(await engineSays(segments, question, 2)).toEqual(expected);
    // Where features and label know the same, the engine takes a shorter way.
    const { knownAt, batch, labelKnownAt, labelBatch } = question;
    const asFeatures = { ...question, labelKnownAt: knownAt, labelBatch: batch };
    const withoutLabel = { ...asFeatures, completeThrough: null };
    const unlabelled = expected && { ...expected, label_churned_30d: null };
    expect(await engineSays(segments, withoutLabel, 1)).toEqual(unlabelled);
    const asLabel = { ...question, knownAt: labelKnownAt, batch: labelBatch };
    expect(await engineSays(segments, asLabel, 1)).toEqual(oracleSays(raw, asLabel));
  });

  function oracleSays(raw: RawTables, question: Question) {
    const answer = naiveVector(raw, question);
    return answer && { ...answer.features, label_churned_30d: answer.label };
  }

  /** The engine's row at T, computed alone or among as many moments before it and after it. */
  async function engineSays(segments: SegmentFiles, question: Question, around: number) {
    const { at, knownAt, batch, labelKnownAt, labelBatch, completeThrough } = question;
    const computed = await computeVectors(duckDb, {
      featureSet,
      segments,
      grid: {
        first: at - BigInt(around) * DAY,
        count: 1 + 2 * around,
        knowledge: [{ at: knownAt, batch }],
        label: { at: labelKnownAt, batch: labelBatch, completeThrough },
      },
    });
    const rows = vectorRows(computed, featureSet, around);
    const row = rows.find(({ user_id }) => user_id === USER);
    if (!row) return undefined;
    const { user_id: _userId, ...values } = row;
    return values;
  }
});
