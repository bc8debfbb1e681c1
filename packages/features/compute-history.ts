import { allocateColumn, readColumns, type ColumnArray, type DuckDb } from '../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../instants';
import { compileSpineUsers, selectSpineRows, type SpineOptions } from './compile-spine';
import { findCondensed, type HistorySources } from './condensed-events';
import { columnTypeOf } from './feature-columns';
import { equalsOf, fillColumn } from './fill-column';
import type { FeatureDefinition } from './language';
import { SpineFactReader, spineLoads, type FactSeries, type SpineLoad } from './spine-fact-reader';
import type { UserSeries } from './user-series';
import type { Segment } from './segment-pieces';
import { greatestUntil, sumsInWindow } from './walk-series';

/** The rows of a spine, in its order. */
export interface History {
  readonly rows: number;
  /** Per row: the place of its reason in `spineReasons`; 0 where it has a vector. */
  readonly reasons: Uint8Array;
  /** Per feature, in order; values of rows with a reason mean nothing. */
  readonly features: readonly ColumnArray[];
}

export interface HistoryOptions extends SpineOptions, HistorySources {
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
  const { featureSet, signal } = options;
  await duckDb.run(compileSpineUsers(options), signal);
  const users = await readUsers(duckDb);
  const sources = { ...options, condensed: await condensedFor(duckDb, options) };
  const reader = new SpineFactReader(duckDb, sources, users.signups.length);
  const loads = spineLoads(featureSet.features, sources);
  const features = new Map<FeatureDefinition, ColumnArray>();
  const begin = (load: SpineLoad | undefined) => {
    const facts = load && reader.read(load.query);
    facts?.catch(() => {}); // It may fail before it is waited for, which is where it is noticed.
    return facts;
  };
  // Each query runs in DuckDB's threads while what the one before it brought is sorted and walked here.
  let pending = begin(loads[0]);
  const asked = readQuestions(duckDb, options, users.signups.length);
  asked.catch(() => {});
  try {
    for (const [index, load] of loads.entries()) {
      const facts = await pending!;
      pending = begin(loads[index + 1]);
      for (const feature of load.features) {
        const series = await reader.seriesOf(feature, facts);
        features.set(feature, answer(feature, { questions: await asked, users }, series));
      }
    }
    const { reasons } = await asked;
    const inOrder = featureSet.features.map((feature) => features.get(feature)!);
    return { rows: reasons.length, reasons, features: inOrder };
  } finally {
    await Promise.allSettled([pending, asked]);
  }
}

/** The condensed events, where they say all that is asked. */
async function condensedFor(duckDb: DuckDb, options: HistoryOptions): Promise<readonly Segment[]> {
  const { knowledge, segments } = options;
  if (!('at' in knowledge.known)) return [];
  const ofEvents = segments('user_events', knowledge.batch);
  return findCondensed(duckDb, options, { segments: ofEvents, knownAt: knowledge.known.at });
}

/** What a spine asks. */
interface Questions {
  /** Per row of the spine, in its order: why it has no vector; 0 where it has one. */
  readonly reasons: Uint8Array;
  /** The moments of the rows without a reason, by user and time; they are answered in this order. */
  readonly moments: UserSeries;
  /** Per moment: 0, 1, …, its user and its row. */
  readonly numbers: Int32Array;
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
    // Those with a reason are closed up over.
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

interface SpineUsers {
  readonly plans: readonly string[];
  readonly signups: readonly number[];
}

async function readUsers({ connection }: DuckDb): Promise<SpineUsers> {
  const sql = 'SELECT own_plan, signup::DOUBLE FROM spine_users ORDER BY u';
  const reader = await connection.runAndReadAll(sql);
  const [plans = [], signups = []] = reader.getColumns() as [string[]?, number[]?];
  return { plans, signups };
}

/** The values of a feature, per row of the spine; those of rows with a reason mean nothing. */
function answer(
  feature: FeatureDefinition,
  { questions, users }: { questions: Questions; users: SpineUsers },
  series: FactSeries,
): ColumnArray {
  const { moments, numbers, rows } = questions;
  const type = columnTypeOf[feature.type];
  const ofUsers = equalsOf(feature, users.plans);
  const own = {
    signup: eachOf(new Float64Array(rows.length), users.signups, questions.users),
    ownEquals: ofUsers && eachOf(new Uint8Array(rows.length), ofUsers, questions.users),
  };
  const answers = allocateColumn(type, rows.length);
  fillColumn({
    feature,
    ...totalsOf(feature, moments, series),
    visible: numbers,
    users: own,
    moment: moments.times,
    into: answers,
  });
  return inRows(allocateColumn(type, questions.reasons.length), answers, rows);
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

/** Puts each answer into its row. */
function inRows(into: ColumnArray, answers: ColumnArray, rows: Int32Array): ColumnArray {
  for (let index = 0; index < rows.length; index += 1) into[rows[index]!] = answers[index]!;
  return into;
}

/** Per moment what the feature's facts in force come to, and how many they are. */
function totalsOf(
  { windowDays, aggregate, default: none }: FeatureDefinition,
  moments: UserSeries,
  { seen, happened }: FactSeries,
): { state: Float64Array; counts: Float64Array } {
  const state = new Float64Array(moments.times.length);
  if (windowDays === undefined) {
    greatestUntil(moments, seen, state);
    return { state, counts: state };
  }
  const micros = windowDays * Number(MICROS_PER_DAY);
  sumsInWindow(moments, { entered: seen, left: happened, micros }, state);
  const needsCounts = aggregate.kind === 'sum' && none !== undefined;
  if (!needsCounts) return { state, counts: state };
  const counts = new Float64Array(moments.times.length);
  const [entered, left] = [seen, happened].map((series) => ({ ...series, values: undefined }));
  sumsInWindow(moments, { entered: entered!, left: left!, micros }, counts);
  return { state, counts };
}
