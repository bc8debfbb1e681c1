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
import { openTestDuckDb, writeRawLog } from './raw-log-fixture';

describe('at the boundaries of time and knowledge', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;
  let written = 0;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
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
  });

  function oracleSays(raw: RawTables, question: Question) {
    const answer = naiveVector(raw, question);
    return answer && { ...answer.features, label_churned_30d: answer.label };
  }

  /** The engine's row at T, computed alone or among as many moments before it and after it. */
  async function engineSays(segments: SegmentFiles, question: Question, around: number) {
    const { at, knownAt, batch, labelKnownAt, labelBatch, completeThrough } = question;
    await computeVectors(duckDb, {
      featureSet,
      segments,
      grid: {
        first: at - BigInt(around) * DAY,
        count: 1 + 2 * around,
        knowledge: [{ at: knownAt, batch }],
        label: { at: labelKnownAt, batch: labelBatch, completeThrough },
      },
    });
    const names = Object.keys(silent).join(', ');
    const [row] = await duckDb.rows(`SELECT ${names} FROM vectors WHERE i = ${around}`);
    return row;
  }
});
