import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import type { Segments } from '../../../packages/features/segments';
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
  type GoldenCase,
  type Question,
} from './golden-case';
import { featureCases } from './golden-feature-cases';
import { labelCases } from './golden-label-cases';
import { stateCases } from './golden-state-cases';
import { vectorRows } from './vector-rows';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from './raw-log-fixture';

/** A case as a user of a world that it shares with others. */
interface CaseOfUser {
  readonly golden: GoldenCase;
  readonly raw: RawTables;
  readonly question: Question;
}

/** What the engine says of each user of a world, by id. */
type Answers = ReadonlyMap<string, object>;

const cases = [...featureCases, ...labelCases, ...stateCases].map((golden, index): CaseOfUser => {
  const userId = `u${index}`;
  const known = { knownAt: K, batch: S };
  const label = { labelKnownAt: L, labelBatch: LABEL_S, completeThrough: L };
  return {
    golden,
    raw: asUser(userId, rawTablesOf(golden)),
    question: { userId, at: T, ...known, ...label, ...golden.asked },
  };
});

/**
 * Cases that ask for the same moment and knowledge are users of one world. Which old rows the engine
 * looks for depends on the first signup of all, so that they also have that in common.
 */
function casesByWorld(): CaseOfUser[][] {
  const worlds = new Map<string, CaseOfUser[]>();
  for (const one of cases) {
    const { userId: _userId, ...asked } = one.question;
    const firstSignup = one.raw.users.map(({ signupTime }) => signupTime).sort(ascending)[0];
    const key = [...Object.values(asked), firstSignup].join();
    worlds.set(key, [...(worlds.get(key) ?? []), one]);
  }
  return [...worlds.values()];
}

function ascending(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other);
}

/** The user of a case under another id, and whoever else is in it under one that has that before it. */
function asUser(userId: string, raw: RawTables): RawTables {
  const renamed = <R extends { readonly userId: string }>(row: R): R => ({
    ...row,
    userId: row.userId === USER ? userId : `${userId}, ${row.userId}`,
  });
  return {
    users: raw.users.map(renamed),
    planChanges: raw.planChanges.map(renamed),
    userEvents: raw.userEvents.map(renamed),
    billingEvents: raw.billingEvents.map(renamed),
  };
}

function together(worlds: readonly RawTables[]): RawTables {
  return {
    users: worlds.flatMap((raw) => raw.users),
    planChanges: worlds.flatMap((raw) => raw.planChanges),
    userEvents: worlds.flatMap((raw) => raw.userEvents),
    billingEvents: worlds.flatMap((raw) => raw.billingEvents),
  };
}

/** The same question where features and label know the same, for which the engine takes a shorter way. */
const asFeatures = (question: Question): Question => ({
  ...question,
  labelKnownAt: question.knownAt,
  labelBatch: question.batch,
  completeThrough: null,
});
const asLabel = (question: Question): Question => ({
  ...question,
  knownAt: question.labelKnownAt,
  batch: question.labelBatch,
});

describe('at the boundaries of time and knowledge', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;
  let written = 0;
  const answersOf = new Map<
    CaseOfUser,
    Readonly<Record<'segments', Segments>> &
      Readonly<Record<'alone' | 'among' | 'asFeatures' | 'asLabel', Answers>>
  >();

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path, 1);
    for (const world of casesByWorld()) {
      const segments = await writeWorld(together(world.map(({ raw }) => raw)));
      const { question } = world[0]!;
      const answers = {
        segments,
        alone: await engineSays(segments, question, 0),
        among: await engineSays(segments, question, 2),
        asFeatures: await engineSays(segments, asFeatures(question), 1),
        asLabel: await engineSays(segments, asLabel(question), 1),
      };
      for (const one of world) answersOf.set(one, answers);
    }
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it.each(cases.map((one) => [one.golden.fact, one] as const))('%s', async (_fact, one) => {
    const { golden, raw, question } = one;
    const expected = golden.expected && { ...silent, ...golden.expected };
    expectRow(oracleSays(raw, question), expected);
    const answers = answersOf.get(one)!;
    const { userId } = question;
    expectRow(answers.alone.get(userId), expected);
    expectRow(answers.among.get(userId), expected);
    expectRow(await querySays(answers.segments, question), expected);
    const unlabelled = expected && { ...expected, label_churned_30d: null };
    expectRow(answers.asFeatures.get(userId), unlabelled);
    expect(answers.asLabel.get(userId)).toEqual(oracleSays(raw, asLabel(question)));
  });

  // Where microseconds since 1970 no longer fit a double.
  it.each(['1600-01-01T00:00:00Z', '2300-01-01T00:00:00Z'])(
    'an event 1 µs after %s counts for the label only',
    async (instant) => {
      const at = parseInstant(instant);
      const later = at + 40n * DAY;
      const raw = { ...rawTablesOf({ fact: '', rows: [], expected: {} }), ...event(at + 1n) };
      const users = signup(at - 100n * DAY).users;
      const segments = await writeWorld({ ...raw, users });
      const known = { knownAt: later, batch: S, labelKnownAt: later, labelBatch: S };
      const question = { userId: USER, at, ...known, completeThrough: later };
      const answers = await engineSays(segments, question, 1);
      expectRow(answers.get(USER), { ...silent, ...kept });
    },
  );

  function writeWorld(raw: RawTables): Promise<Segments> {
    written += 1;
    return writeRawLog(duckDb, `${scratch.path}/world${written}`, raw);
  }

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
  async function querySays(segments: Segments, question: Question) {
    const { userId, at, knownAt, batch, labelKnownAt, labelBatch, completeThrough } = question;
    const known = { at: knownAt, batch };
    const label = { at: labelKnownAt, batch: labelBatch, completeThrough };
    const sql = compileMoment(featureSet, { userId, at, known, label, segments });
    const [row] = await duckDb.rows(sql);
    return row;
  }

  /** The engine's rows at T, computed alone or among as many moments before it and after it. */
  async function engineSays(
    segments: Segments,
    question: Question,
    around: number,
  ): Promise<Answers> {
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
    return new Map(rows.map(({ user_id, ...values }) => [user_id, values]));
  }
});
