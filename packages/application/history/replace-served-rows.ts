import type { PlannedKnowledge, Progress } from '../../contracts';
import { readColumns, type DuckDb } from '../../duckdb';
import { spineReasons, type History, type MomentVectors } from '../../features';
import {
  dayNumber,
  MICROS_PER_DAY,
  midnightOf,
  parseInstant,
  type LogicalDate,
} from '../../instants';
import {
  groupIntoGrids,
  indexIn,
  momentsPerScan,
  withGrid,
  type LedgerRow,
} from '../../offline-store';
import type { RawLog } from '../../raw-data';
import type { Adapters } from '../open/open-adapters';
import { computeContext, requestsOf } from '../partitions/partition-services';

/** A history of the tables `spine` and `spine_users`, which are in the DuckDB. */
interface ServedWork {
  readonly duckDb: DuckDb;
  readonly knowledge: PlannedKnowledge;
  readonly rawLog: RawLog;
  readonly history: History;
  readonly progress: Progress;
}

/**
 * Moments that a daily run served have a K and S of their own each, as partitions do: their rows
 * are computed as partitions are. Leaves `served(t, known_at)` in the DuckDB, the K of such moments.
 */
export async function replaceServedRows(adapters: Adapters, work: ServedWork): Promise<void> {
  const { duckDb, knowledge, progress, history } = work;
  const context = computeContext(adapters, 'history', work.rawLog);
  const served = (await adapters.ledger.list()).filter((row) => row.servedKnownAt !== null);
  await nameServedMoments(duckDb, served);
  const questions = await readQuestions(duckDb, progress.signal);
  const dates = served.map(({ date }) => date).filter((date) => questions.has(date));
  const ids = await readSpineUsers(duckDb, progress.signal);
  const requests = requestsOf(dates, knowledge, { rows: served, reason: 'history' });
  for (const group of groupIntoGrids(requests, momentsPerScan(Infinity))) {
    await withGrid(context, { group, signal: progress.signal }, async ({ vectors }) => {
      const numbers = numbersOf(ids, vectors.users.ids);
      for (const request of group) {
        const moment = vectors.vectorsAt(indexIn(group, request));
        replaceRows(history, moment, { ...questions.get(request.date)!, numbers });
        moment.release();
      }
    });
  }
}

async function nameServedMoments(duckDb: DuckDb, served: readonly LedgerRow[]): Promise<void> {
  await duckDb.run('CREATE OR REPLACE TEMP TABLE served (t BIGINT, known_at BIGINT)');
  if (served.length === 0) return;
  const values = served.map(
    ({ date, servedKnownAt }) => `(${midnightOf(date)}, ${parseInstant(servedKnownAt!)})`,
  );
  await duckDb.run(`INSERT INTO served VALUES ${values.join(', ')}`);
}

/** Rows of the spine that a day's moment answers, and the number of each one's user in `spine_users`. */
interface DayQuestions {
  readonly rows: Int32Array;
  readonly users: Int32Array;
}

/**
 * The rows of the spine at served moments, by date. Users are numbers here: a spine may ask for each
 * of them on every day. Rows of users whom nobody knows are left out, since no moment has them.
 */
async function readQuestions(
  { connection }: DuckDb,
  signal: AbortSignal,
): Promise<{ has(date: LogicalDate): boolean; get(date: LogicalDate): DayQuestions | undefined }> {
  const sql = `SELECT spine.rowid::INTEGER, u, (t // ${MICROS_PER_DAY})::INTEGER AS day
    FROM spine JOIN spine_users USING (user_id) SEMI JOIN served USING (t) ORDER BY day`;
  const types = ['INTEGER', 'INTEGER', 'INTEGER'] as const;
  const [rows, users, days] = (await readColumns(connection, { sql, types, signal })) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const byDay = new Map<number, DayQuestions>();
  for (let first = 0; first < days.length;) {
    let end = first + 1;
    while (end < days.length && days[end] === days[first]) end += 1;
    byDay.set(days[first]!, { rows: rows.subarray(first, end), users: users.subarray(first, end) });
    first = end;
  }
  return {
    has: (date) => byDay.has(dayNumber(date)),
    get: (date) => byDay.get(dayNumber(date)),
  };
}

/** The ids of the spine's users, each at its number in `spine_users`. */
async function readSpineUsers(
  duckDb: DuckDb,
  signal: AbortSignal,
): Promise<(string | undefined)[]> {
  const users = await duckDb.rows<{ u: number; user_id: string }>(
    'SELECT u, user_id FROM spine_users',
    signal,
  );
  const ids: (string | undefined)[] = [];
  for (const { u, user_id } of users) ids[u] = user_id;
  return ids;
}

/** The number in a grid of each of the spine's users; −1 for those who are not in it. */
function numbersOf(ids: readonly (string | undefined)[], ofGrid: readonly string[]): Int32Array {
  const numbers = new Map(ofGrid.map((id, number) => [id, number]));
  return Int32Array.from(ids, (id) => (id === undefined ? -1 : (numbers.get(id) ?? -1)));
}

function replaceRows(
  history: History,
  moment: MomentVectors,
  { rows, users, numbers }: DayQuestions & { readonly numbers: Int32Array },
): void {
  const places = new Map(Array.from(moment.users, (user, place) => [user, place]));
  for (const [index, row] of rows.entries()) {
    const place = places.get(numbers[users[index]!]!);
    if (place !== undefined) {
      history.reasons[row] = 0;
      for (const [feature, column] of history.features.entries()) {
        column[row] = moment.features[feature]![place]!;
      }
    } else if (history.reasons[row] === 0) {
      // Known by now, or it would have no user at all; but not to the run of that day.
      history.reasons[row] = NOT_YET_KNOWN;
    }
  }
}

const NOT_YET_KNOWN = spineReasons.indexOf('not_yet_known');
