import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import type { SegmentFiles } from '../../../packages/features/grid/compile-tiles';
import { compileMoment } from '../../../packages/features/compile-moment';
import { computeVectors } from '../../../packages/features/grid/compute-vectors';
import { featureSet } from '../../../packages/features/feature-set';
import { naiveVector, type RawTables } from '../../support/oracle';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import {
  DAY,
  event,
  K,
  kept,
  L,
  LABEL_S,
  rawTablesOf,
  S,
  signup,
  silent,
  T,
  USER,
  type Question,
} from './golden-case';
import { featureCases } from './golden-feature-cases';
import { labelCases } from './golden-label-cases';
import { stateCases } from './golden-state-cases';
import { vectorRows } from './vector-rows';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from './raw-log-fixture';

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

  it.each([...featureCases, ...labelCases, ...stateCases])('$fact', async (golden) => {
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
    expectRow(oracleSays(raw, question), expected);
    const segments = await writeRawLog(duckDb, `${scratch.path}/case${(written += 1)}`, raw);
    expectRow(await engineSays(segments, question, 0), expected);
    expectRow(await engineSays(segments, question, 2), expected);
    expectRow(await querySays(segments, question), expected);
    // Where features and label know the same, the engine takes a shorter way.
    const { knownAt, batch, labelKnownAt, labelBatch } = question;
    const asFeatures = { ...question, labelKnownAt: knownAt, labelBatch: batch };
    const withoutLabel = { ...asFeatures, completeThrough: null };
    const unlabelled = expected && { ...expected, label_churned_30d: null };
    expectRow(await engineSays(segments, withoutLabel, 1), unlabelled);
    const asLabel = { ...question, knownAt: labelKnownAt, batch: labelBatch };
    expect(await engineSays(segments, asLabel, 1)).toEqual(oracleSays(raw, asLabel));
  });

  // Where microseconds since 1970 no longer fit a double.
  it.each(['1600-01-01T00:00:00Z', '2300-01-01T00:00:00Z'])(
    'an event 1 µs after %s counts for the label only',
    async (instant) => {
      const at = parseInstant(instant);
      const later = at + 40n * DAY;
      const raw = { ...rawTablesOf({ fact: '', rows: [], expected: {} }), ...event(at + 1n) };
      const users = signup(at - 100n * DAY).users;
      const segments = await writeRawLog(duckDb, `${scratch.path}/case${(written += 1)}`, {
        ...raw,
        users,
      });
      const known = { knownAt: later, batch: S, labelKnownAt: later, labelBatch: S };
      const question = { userId: USER, at, ...known, completeThrough: later };
      expectRow(await engineSays(segments, question, 1), { ...silent, ...kept });
    },
  );

  /** Features that were added since these cases were written are left to the oracle. */
  function expectRow(row: object | undefined, expected: object | undefined): void {
    if (expected) expect(row).toMatchObject(expected);
    else expect(row).toBeUndefined();
  }

  function oracleSays(raw: RawTables, question: Question) {
    const answer = naiveVector(featureSet, raw, question);
    if (!answer) return undefined;
    const { features, label, state } = answer;
    return { ...features, label_churned_30d: label, is_subscribed: state };
  }

  /** What the query for one user and moment answers. */
  async function querySays(segments: SegmentFiles, question: Question) {
    const { userId, at, knownAt, batch, labelKnownAt, labelBatch, completeThrough } = question;
    const known = { at: knownAt, batch };
    const label = { at: labelKnownAt, batch: labelBatch, completeThrough };
    const sql = compileMoment(featureSet, { userId, at, known, label, segments });
    const [row] = await duckDb.rows(sql);
    return row;
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
