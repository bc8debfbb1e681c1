import { allocateColumn, readColumns, type ColumnArray, type DuckDb } from '../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../instants';
import {
  raggedSessions,
  selectAllSessions,
  compileSpineRows,
  compileSpineSessions,
  compileSpineUsers,
  selectPlainSessions,
  selectSessionPieces,
  selectSpineFacts,
  type SpineOptions,
} from './compile-spine';
import type { FeatureSet } from './feature-set';
import { columnTypeOf } from './feature-columns';
import { fillColumn } from './fill-column';
import type { FeatureDefinition } from './language';
import { sortByUser, type UserSeries } from './user-series';

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

/** The rows that have a vector, by user and time. */
interface Questions {
  readonly user: Int32Array;
  readonly at: Float64Array;
  readonly row: Int32Array;
}

/**
 * Computes the vectors of any users at any moments, exact to the microsecond: of `spine(row,
 * user_id, t)`, which must be there with rows 0, 1, …. Per feature, the rows of a user are two lists
 * in order of time, of what comes into force and of what leaves it; both are walked once beside the
 * user's moments: O((rows + moments) · log), whatever the number of moments.
 */
export async function computeHistory(duckDb: DuckDb, options: HistoryOptions): Promise<History> {
  const { featureSet, knowledge, now, signal } = options;
  await duckDb.run(compileSpineUsers(options), signal);
  await duckDb.run(compileSpineRows(knowledge, now), signal);
  const rows = await count(duckDb, 'spine_rows');
  const reasons = new Uint8Array(rows);
  const asked = await readQuestions(duckDb, reasons, signal);
  const users = await readUsers(duckDb, asked);
  const visible = asked.row.map((_row, index) => index);
  const features: ColumnArray[] = [];
  const reader = new SpineFactReader(duckDb, options, users.count);
  for (const feature of featureSet.features) {
    const states = totalsOf(feature, asked, await reader.read(feature));
    const sorted = allocateColumn(columnTypeOf[feature.type], visible.length);
    fillColumn({ feature, ...states, visible, users, moment: asked.at, into: sorted });
    const inOrder = allocateColumn(columnTypeOf[feature.type], rows);
    for (let index = 0; index < visible.length; index += 1) {
      inOrder[asked.row[index]!] = sorted[index]!;
    }
    features.push(inOrder);
  }
  return { rows, reasons, features };
}

async function count(duckDb: DuckDb, table: string): Promise<number> {
  const [row] = await duckDb.rows<{ n: bigint }>(`SELECT count(*) AS n FROM ${table}`);
  return Number(row?.n ?? 0);
}

async function readQuestions(
  duckDb: DuckDb,
  reasons: Uint8Array,
  signal?: AbortSignal,
): Promise<Questions> {
  const total = reasons.length;
  const user = new Int32Array(total);
  const at = new Float64Array(total);
  const row = new Int32Array(total);
  let asked = 0;
  const sql = 'SELECT row::INTEGER AS row, u, t, reason FROM spine_rows ORDER BY u, t';
  const types = ['INTEGER', 'INTEGER', 'DOUBLE', 'UTINYINT'] as const;
  await readColumns(duckDb.connection, { sql, types, signal }, ([rows, us, ts, codes], n) => {
    for (let index = 0; index < n; index += 1) {
      reasons[rows![index]!] = codes![index]!;
      if (codes![index] !== 0) continue;
      row[asked] = rows![index]!;
      user[asked] = us![index]!;
      at[asked] = ts![index]!;
      asked += 1;
    }
  });
  return {
    user: user.subarray(0, asked),
    at: at.subarray(0, asked),
    row: row.subarray(0, asked),
  };
}

/** Signup and plan of each question's user. */
async function readUsers(duckDb: DuckDb, { user }: Questions) {
  const reader = await duckDb.connection.runAndReadAll(
    'SELECT own_plan, signup::DOUBLE FROM spine_users ORDER BY u',
  );
  const [plans, signups] = reader.getColumns() as [string[], number[]];
  const plan = new Array<string>(user.length);
  const signup = new Float64Array(user.length);
  for (let index = 0; index < user.length; index += 1) {
    plan[index] = plans[user[index]!]!;
    signup[index] = signups[user[index]!]!;
  }
  return { count: plans?.length ?? 0, plan, signup };
}

/** The rows of a feature, by when each is seen and by when it happened. */
interface Facts {
  readonly seen: UserSeries;
  readonly happened: UserSeries;
}

/** Per question what the feature's rows in force come to, and how many they are. */
function totalsOf(
  feature: FeatureDefinition,
  asked: Questions,
  { seen, happened }: Facts,
): { state: Float64Array; counts: Float64Array } {
  if (feature.windowDays === undefined) {
    const state = greatestUntil(seen, asked);
    return { state, counts: state };
  }
  const windowMicros = feature.windowDays * Number(MICROS_PER_DAY);
  const total = (values: 'values' | 'ones') => {
    const entered = sumUntil(seen, asked, { delay: 0, values });
    const passed = sumUntil(happened, asked, { delay: windowMicros, values });
    for (let index = 0; index < entered.length; index += 1) entered[index]! -= passed[index]!;
    return entered;
  };
  const state = total('values');
  const needsRows = feature.aggregate.kind === 'sum' && feature.default !== undefined;
  return { state, counts: needsRows ? total('ones') : state };
}

/** Brings the rows of each feature from DuckDB; windows over the same sessions share them. */
class SpineFactReader {
  private sessions: string | undefined;
  private last: { readonly select: string; readonly facts: Facts } | undefined;

  constructor(
    private readonly duckDb: DuckDb,
    private readonly options: HistoryOptions,
    private readonly userCount: number,
  ) {}

  async read(feature: FeatureDefinition): Promise<Facts> {
    const select = await this.selectionOf(feature);
    if (this.last?.select !== select) {
      this.last = { select, facts: await this.readFacts(select, feature) };
    }
    return this.last.facts;
  }

  private async readFacts(select: string, { windowDays }: FeatureDefinition): Promise<Facts> {
    const { signal } = this.options;
    await this.duckDb.run(`CREATE OR REPLACE TEMP TABLE spine_facts AS ${select}`, signal);
    const facts = await count(this.duckDb, 'spine_facts');
    const user = new Int32Array(facts);
    const seen = new Float64Array(facts);
    const happened = new Float64Array(facts);
    const value = new Float64Array(facts);
    let next = 0;
    const sql = 'SELECT u, a, e, v FROM spine_facts';
    const types = ['INTEGER', 'DOUBLE', 'DOUBLE', 'DOUBLE'] as const;
    await readColumns(this.duckDb.connection, { sql, types, signal }, (chunk, rows) => {
      user.set(chunk[0]!, next);
      seen.set(chunk[1]!, next);
      happened.set(chunk[2]!, next);
      value.set(chunk[3]!, next);
      next += rows;
    });
    const { userCount } = this;
    const bySeen = sortByUser({ userCount, user, time: seen, value });
    // Where all is known at once, rows are seen when they happen; and nothing leaves a list for good.
    const isSame = windowDays === undefined || seen.every((at, index) => at === happened[index]);
    return {
      seen: bySeen,
      happened: isSame ? bySeen : sortByUser({ userCount, user, time: happened, value }),
    };
  }

  private async selectionOf(feature: FeatureDefinition): Promise<string> {
    if (feature.aggregate.kind !== 'count-distinct') return selectSpineFacts(feature, this.options);
    const gather = compileSpineSessions(feature, this.options);
    if (gather !== this.sessions) await this.duckDb.run(gather, this.options.signal);
    this.sessions = gather;
    const days = feature.windowDays ?? 0;
    const others = await count(this.duckDb, raggedSessions(days));
    if (others === 0) return selectAllSessions;
    return `${selectPlainSessions(days)} UNION ALL ${selectSessionPieces(feature, this.options)}`;
  }
}

/** Per question the sum of its user's values whose time, plus a delay, is not after it. */
function sumUntil(
  { offsets, times, values }: UserSeries,
  { user, at }: Questions,
  options: { delay: number; values: 'values' | 'ones' },
): Float64Array {
  const sums = new Float64Array(user.length);
  let current = -1;
  let next = 0;
  let sum = 0;
  for (let index = 0; index < user.length; index += 1) {
    if (user[index] !== current) {
      current = user[index]!;
      next = offsets[current]!;
      sum = 0;
    }
    const limit = at[index]! - options.delay;
    for (const end = offsets[current + 1]!; next < end && times[next]! <= limit; next += 1) {
      sum += options.values === 'ones' ? 1 : values[next]!;
    }
    sums[index] = sum;
  }
  return sums;
}

/** Per question the greatest of its user's values whose time is not after it. */
function greatestUntil(
  { offsets, times, values }: UserSeries,
  { user, at }: Questions,
): Float64Array {
  const greatest = new Float64Array(user.length);
  let current = -1;
  let next = 0;
  let best = -Infinity;
  for (let index = 0; index < user.length; index += 1) {
    if (user[index] !== current) {
      current = user[index]!;
      next = offsets[current]!;
      best = -Infinity;
    }
    for (const end = offsets[current + 1]!; next < end && times[next]! <= at[index]!; next += 1) {
      if (values[next]! > best) best = values[next]!;
    }
    greatest[index] = best;
  }
  return greatest;
}
