import { allocateColumn, readColumns, type ColumnArray, type DuckDb } from '../../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../../instants';
import { compileSpineUsers, selectSpineRows, type SpineOptions } from './compile-spine';
import { columnTypeOf } from '../language/feature-columns';
import type { FeatureSet } from '../feature-set';
import { equalsOf, fillColumn } from '../fill-column';
import type { FeatureDefinition } from '../language/feature-definition';
import { countRows } from '../segments';
import { readTimelines } from './read-timelines';
import type { TileSeries, SeriesBlock } from './series-block';
import { readSpineTiles } from './spine-tile-reader';
import type { TimelineFiles } from './timelines';
import type { UserSeries } from './user-series';
import { greatestUntil, sumsInWindow } from './walk-series';

/** The rows of a spine, in its order. */
export interface History {
  readonly rows: number;
  /** Per row: the place of its reason in `spineReasons`; 0 where it has a vector. */
  readonly reasons: Uint8Array;
  /** Per feature, in order; values of rows with a reason mean nothing. */
  readonly features: readonly ColumnArray[];
}

export interface HistoryOptions extends SpineOptions {
  readonly featureSet: FeatureSet;
  /**
   * Of the same batches, and of features that need the same rows in the same order (`timelineKey`).
   * Where the last of their rows had arrived at K, the segments' rows are not read.
   */
  readonly timelines?: TimelineFiles;
  /** What lies after it is in the future. */
  readonly now: EpochMicros;
  readonly signal?: AbortSignal;
}

/**
 * Computes the vectors of any users at any moments, exact to the microsecond: of `spine(user_id,
 * t)`, which must be there. Per feature, the rows of a user are two lists in order of time, of what
 * comes into force and of what leaves it; both are walked once beside the user's moments: O((rows +
 * moments) · log), whatever the number of moments.
 */
export async function computeHistory(duckDb: DuckDb, options: HistoryOptions): Promise<History> {
  const { features } = options.featureSet;
  await duckDb.run(compileSpineUsers(options), options.signal);
  const users = await readUsers(duckDb, options);
  const questions = await readQuestions(duckDb, options, users.signups.length);
  const answers = new Map(
    features.map((feature) => [feature, new FeatureAnswers(feature, questions, users)]),
  );
  for await (const block of readBlocks(duckDb, options, questions)) {
    const asked = askedOf(block.users, questions, users);
    for (const feature of block.features) {
      answers.get(feature)!.add(await block.seriesOf(feature), asked);
    }
  }
  const inOrder = [...answers.values()].map(({ values }) => values);
  return { rows: questions.reasons.length, reasons: questions.reasons, features: inOrder };
}

/** From timelines, where those say what is known at K. */
function readBlocks(
  duckDb: DuckDb,
  options: HistoryOptions,
  { moments: { offsets } }: Questions,
): AsyncGenerator<SeriesBlock> {
  const { features } = options.featureSet;
  const { timelines, knowledge, signal } = options;
  const userCount = offsets.length - 1;
  if (!timelines || !('at' in knowledge) || timelines.lastArrival > knowledge.at) {
    return readSpineTiles(duckDb, { ...options, features, userCount });
  }
  const isAsked = (from: number, until: number) => offsets[from]! < offsets[until]!;
  return readTimelines(timelines, { features, userCount, isAsked, signal });
}

/** What a spine asks. */
interface Questions {
  /** Per row of the spine, in its order: why it has no vector; 0 where it has one. */
  readonly reasons: Uint8Array;
  /** The moments of the rows without a reason, by user and time; they are answered in this order. */
  readonly moments: UserSeries;
  /** Per moment: 0, 1, 2, … */
  readonly numbers: Int32Array;
  /** Per moment: its user, and its row in the spine. */
  readonly users: Int32Array;
  readonly rows: Int32Array;
}

async function readQuestions(
  { connection }: DuckDb,
  { knowledge, now, signal }: HistoryOptions,
  userCount: number,
): Promise<Questions> {
  const sql = selectSpineRows(knowledge, now);
  const types = ['INTEGER', 'INTEGER', 'DOUBLE', 'UTINYINT'] as const;
  const columns = await readColumns(connection, { sql, types, signal });
  const [allRows, allUsers, allTimes, codes] = columns as [
    Int32Array,
    Int32Array,
    Float64Array,
    Uint8Array,
  ];
  const total = allRows.length;
  const reasons = new Uint8Array(total);
  const offsets = new Int32Array(userCount + 1);
  const numbers = new Int32Array(total);
  let count = 0;
  for (let index = 0; index < total; index += 1) {
    const row = allRows[index]!;
    const code = codes[index]!;
    reasons[row] = code;
    if (code !== 0) continue;
    // The rows that have a reason are dropped, and the others move up.
    allRows[count] = row;
    allTimes[count] = allTimes[index]!;
    allUsers[count] = allUsers[index]!;
    numbers[count] = count;
    offsets[allUsers[index]! + 1]! += 1;
    count += 1;
  }
  for (let u = 0; u < userCount; u += 1) offsets[u + 1]! += offsets[u]!;
  return {
    reasons,
    moments: { offsets, times: allTimes.subarray(0, count) },
    numbers: numbers.subarray(0, count),
    users: allUsers.subarray(0, count),
    rows: allRows.subarray(0, count),
  };
}

/** All users of the batches; those who are not in the spine have neither plan nor signup. */
interface SpineUsers {
  readonly plans: readonly (string | undefined)[];
  readonly signups: Float64Array;
}

async function readUsers(
  duckDb: DuckDb,
  { knowledge, segments }: HistoryOptions,
): Promise<SpineUsers> {
  const sql = 'SELECT u, own_plan, signup::DOUBLE FROM spine_users';
  const reader = await duckDb.connection.runAndReadAll(sql);
  type Columns = [places?: number[], plans?: string[], signups?: number[]];
  const [places = [], ownPlans = [], ownSignups = []] = reader.getColumns() as Columns;
  const { batch } = knowledge;
  const count = await countRows(duckDb, segments('users', batch), batch);
  const plans = new Array<string | undefined>(count);
  const signups = new Float64Array(count);
  for (const [index, u] of places.entries()) {
    plans[u] = ownPlans[index];
    signups[u] = ownSignups[index]!;
  }
  return { plans, signups };
}

/** The moments of some users. */
interface Asked {
  readonly count: number;
  readonly moments: UserSeries;
  /** Per moment: T, its user, the user's signup, and its row in the spine. */
  readonly times: Float64Array;
  readonly users: Int32Array;
  readonly signups: Float64Array;
  readonly rows: Int32Array;
  /** Per moment: 0, 1, 2, … */
  readonly numbers: Int32Array;
}

function askedOf(
  { from, until }: SeriesBlock['users'],
  { moments: { offsets, times }, users, rows, numbers }: Questions,
  { signups }: SpineUsers,
): Asked {
  const [first, end] = [offsets[from]!, offsets[until]!];
  const count = end - first;
  const userOf = users.subarray(first, end);
  return {
    count,
    moments: { offsets: offsets.subarray(from, until + 1), times },
    times: times.subarray(first, end),
    users: userOf,
    signups: eachOf(new Float64Array(count), signups, userOf),
    rows: rows.subarray(first, end),
    numbers: numbers.subarray(0, count),
  };
}

/** The values of a feature, per row of the spine; those of rows with a reason mean nothing. */
class FeatureAnswers {
  readonly values: ColumnArray;
  /** Per user whether the plan at signup equals what the feature looks for, where it does. */
  private readonly ownEquals: Uint8Array | undefined;

  constructor(
    private readonly feature: FeatureDefinition,
    questions: Questions,
    users: SpineUsers,
  ) {
    this.values = allocateColumn(columnTypeOf[feature.type], questions.reasons.length);
    this.ownEquals = equalsOf(feature, users.plans);
  }

  /** @param series  Of the users who ask. */
  add(series: TileSeries, asked: Asked): void {
    const { feature, ownEquals } = this;
    const { count, users, signups, rows } = asked;
    const answers = allocateColumn(columnTypeOf[feature.type], count);
    fillColumn({
      feature,
      ...totalsOf(feature, asked, series),
      visible: asked.numbers,
      users: {
        signup: signups,
        ownEquals: ownEquals && eachOf(new Uint8Array(count), ownEquals, users),
      },
      moment: asked.times,
      into: answers,
    });
    for (let index = 0; index < count; index += 1) this.values[rows[index]!] = answers[index]!;
  }
}

/** What each moment's user has. */
function eachOf<T extends Float64Array | Uint8Array>(
  into: T,
  ofUsers: ArrayLike<number>,
  users: Int32Array,
): T {
  for (let index = 0; index < users.length; index += 1) into[index] = ofUsers[users[index]!]!;
  return into;
}

/** Per moment what the feature's tiles in force come to, and how many they are. */
function totalsOf(
  { windowDays, aggregate, default: none }: FeatureDefinition,
  { moments, count }: Asked,
  { entered, left, pauses }: TileSeries,
): { state: Float64Array; counts: Float64Array } {
  const state = new Float64Array(count);
  if (windowDays === undefined) {
    greatestUntil(moments, entered, state);
    return { state, counts: state };
  }
  const micros = windowDays * Number(MICROS_PER_DAY);
  sumsInWindow(moments, { entered, left, micros }, state);
  if (pauses) sumsInWindow(moments, { ...pauses, micros }, state);
  const needsCounts = aggregate.kind === 'sum' && none !== undefined;
  if (!needsCounts) return { state, counts: state };
  const counts = new Float64Array(count);
  const [ones, onesLeft] = [entered, left].map((series) => ({ ...series, values: undefined }));
  sumsInWindow(moments, { entered: ones!, left: onesLeft!, micros }, counts);
  return { state, counts };
}
