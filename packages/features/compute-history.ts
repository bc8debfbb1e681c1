import { allocateColumn, readColumns, type ColumnArray, type DuckDb } from '../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../instants';
import { compileSpineUsers, selectSpineRows, type SpineOptions } from './compile-spine';
import type { FeatureSet } from './feature-set';
import { columnTypeOf } from './feature-columns';
import { equalsOf, fillColumn } from './fill-column';
import type { FeatureDefinition } from './language';
import { SpineFactReader, spineLoads, type FactSeries, type SpineLoad } from './spine-fact-reader';
import { sortByUser } from './user-series';
import { greatestUntil, sumsInWindow, type Moments } from './walk-series';

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
  const reader = new SpineFactReader(duckDb, options, users.signups.length);
  const loads = spineLoads(featureSet.features, options);
  const features = new Map<FeatureDefinition, ColumnArray>();
  const begin = (load: SpineLoad | undefined) => {
    const facts = load && reader.read(load.query);
    facts?.catch(() => {}); // It may fail before it is waited for, which is where it is noticed.
    return facts;
  };
  const rows = readSpineRows(duckDb, options);
  // Each query runs in DuckDB's threads while what the one before it brought is walked here.
  let pending = begin(loads[0]);
  try {
    const spine = await rows;
    const questions = questionsOf(spine, users);
    for (const [index, load] of loads.entries()) {
      const facts = await pending!;
      pending = begin(loads[index + 1]);
      for (const feature of load.features) {
        features.set(feature, answer(feature, questions, await reader.seriesOf(feature, facts)));
      }
    }
    const inOrder = featureSet.features.map((feature) => features.get(feature)!);
    return { rows: spine.reasons.length, reasons: spine.reasons, features: inOrder };
  } finally {
    await pending?.catch(() => {});
  }
}

/** The rows of the spine, in its order; those with a reason have any user and time. */
interface SpineRows {
  readonly user: Int32Array;
  readonly at: Float64Array;
  readonly reasons: Uint8Array;
}

async function readSpineRows(
  { connection }: DuckDb,
  { knowledge, now, signal }: HistoryOptions,
): Promise<SpineRows> {
  const sql = selectSpineRows(knowledge, now);
  const types = ['INTEGER', 'INTEGER', 'DOUBLE', 'UTINYINT'] as const;
  const [rows, users, times, codes] = await readColumns(connection, { sql, types, signal });
  const total = rows!.length;
  const user = new Int32Array(total);
  const at = new Float64Array(total);
  const reasons = new Uint8Array(total);
  for (let index = 0; index < total; index += 1) {
    const row = rows![index]!;
    user[row] = users![index]!;
    at[row] = times![index]!;
    reasons[row] = codes![index]!;
  }
  return { user, at, reasons };
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

/** What is asked: by user and time, and by row of the spine. */
interface Questions {
  readonly moments: Moments;
  readonly at: Float64Array;
  /** Signup and plan of each row's user. */
  readonly users: { readonly signup: Float64Array; readonly plan: readonly string[] };
  /** All rows: what those with a reason get means nothing. */
  readonly visible: Int32Array;
}

function questionsOf(spine: SpineRows, { plans, signups }: SpineUsers): Questions {
  const { user, at } = spine;
  const plan = new Array<string>(user.length);
  const signup = new Float64Array(user.length);
  const visible = new Int32Array(user.length);
  for (let row = 0; row < user.length; row += 1) {
    plan[row] = plans[user[row]!]!;
    signup[row] = signups[user[row]!]!;
    visible[row] = row;
  }
  return { moments: momentsOf(spine, signups.length), at, users: { signup, plan }, visible };
}

/** The moments of the rows without a reason. */
function momentsOf({ user, at, reasons }: SpineRows, userCount: number): Moments {
  const total = reasons.length;
  const asked = { user: new Int32Array(total), time: new Float64Array(total) };
  const value = new Float64Array(total);
  let next = 0;
  for (let row = 0; row < total; row += 1) {
    if (reasons[row] !== 0) continue;
    asked.user[next] = user[row]!;
    asked.time[next] = at[row]!;
    value[next] = row;
    next += 1;
  }
  const { offsets, times, values } = sortByUser({
    userCount,
    user: asked.user.subarray(0, next),
    time: asked.time.subarray(0, next),
    value: value.subarray(0, next),
  });
  return { offsets, times, values: values! };
}

/** The values of a feature, per row of the spine. */
function answer(
  feature: FeatureDefinition,
  { moments, at, users, visible }: Questions,
  series: FactSeries,
): ColumnArray {
  const into = allocateColumn(columnTypeOf[feature.type], at.length);
  const totals = totalsOf(feature, { moments, rows: at.length }, series);
  const own = { signup: users.signup, ownEquals: equalsOf(feature, users.plan) };
  fillColumn({ feature, ...totals, visible, users: own, moment: at, into });
  return into;
}

/** Per row what the feature's facts in force come to, and how many they are. */
function totalsOf(
  { windowDays, aggregate, default: none }: FeatureDefinition,
  { moments, rows }: { moments: Moments; rows: number },
  { seen, happened }: FactSeries,
): { state: Float64Array; counts: Float64Array } {
  const state = new Float64Array(rows);
  if (windowDays === undefined) {
    greatestUntil(moments, seen, state);
    return { state, counts: state };
  }
  const micros = windowDays * Number(MICROS_PER_DAY);
  sumsInWindow(moments, { entered: seen, left: happened, micros }, state);
  const needsCounts = aggregate.kind === 'sum' && none !== undefined;
  if (!needsCounts) return { state, counts: state };
  const counts = new Float64Array(rows);
  const [entered, left] = [seen, happened].map((series) => ({ ...series, values: undefined }));
  sumsInWindow(moments, { entered: entered!, left: left!, micros }, counts);
  return { state, counts };
}
