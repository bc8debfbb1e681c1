import { MICROS_PER_DAY } from '../../instants';
import { readSegments, type Segment } from '../segments';
import { selectSpineTiles, fromUsers, sessionRows, type SpineOptions } from './compile-spine';
import { columnsOf, type TileTimeline, type SessionTimeline, type Timeline } from './timelines';

/** Users whose timelines are made together, by their places in the order of all ids. */
export interface TimelinePass {
  readonly from: number;
  /** Exclusive. */
  readonly until: number;
}

/**
 * SQL for `timeline_users(u, user_id, pass)`: all users, cut where about so many rows of these
 * segments are together; a user's rows stay together.
 */
export function compileTimelineUsers(
  options: SpineOptions,
  { segments, rowsPerPass }: { segments: readonly Segment[]; rowsPerPass: number },
): string {
  const rowsUntil = `sum(1 + coalesce(n, 0)) OVER (ORDER BY u)`;
  return `CREATE OR REPLACE TEMP TABLE timeline_users AS
SELECT u, user_id, (${rowsUntil} - 1) // ${rowsPerPass} AS pass
FROM (SELECT u, user_id ${fromUsers(options)}) LEFT JOIN (
  SELECT user_id, count(*) AS n FROM ${readSegments(segments)} GROUP BY user_id
) USING (user_id) ORDER BY u`;
}

/** (from, until) of each pass, in order. */
export const selectTimelinePasses = `SELECT min(u) AS "from", max(u) + 1 AS until
FROM timeline_users GROUP BY pass ORDER BY 1`;

/**
 * Statements, and a query after them for the lists of a pass: a row per user, in the order of their
 * ids.
 */
export function compileTimelines(
  timelines: readonly Timeline[],
  { from, until }: TimelinePass,
  options: SpineOptions,
): { before: string[]; query: string } {
  const users = `FROM timeline_users WHERE u >= ${from} AND u < ${until}`;
  const sessions = timelines.filter((timeline) => timeline.kind === 'sessions');
  const columns = timelines.flatMap(columnsOf);
  const lists = columns.map((column) => `coalesce(${column}, [])`);
  const joins = timelines.map(
    (timeline) => `LEFT JOIN (${selectLists(timeline, options)}) USING (u)`,
  );
  return {
    before: [
      // Whose rows all queries bring.
      `CREATE OR REPLACE TEMP TABLE spine_users AS SELECT u, user_id ${users}`,
      ...sessions.map((timeline) => compileSessions(timeline, options)),
    ],
    query: `SELECT ${lists.join(', ')} FROM spine_users ${joins.join(' ')} ORDER BY u`,
  };
}

/** Statements after which none of the tables is in memory, whatever has been run of the others. */
export function dropTimelineTables(timelines: readonly Timeline[]): string[] {
  const sessions = timelines.filter((timeline) => timeline.kind === 'sessions');
  return ['timeline_users', 'spine_users', ...sessions.map(sessionTable)].map(
    (table) => `DROP TABLE IF EXISTS ${table}`,
  );
}

function sessionTable({ starts }: SessionTimeline): string {
  return `sessions_of_${starts}`;
}

/** SQL for (u, lists) of a timeline's users who have rows. */
function selectLists(timeline: Timeline, options: SpineOptions): string {
  return timeline.kind === 'sessions'
    ? selectSessionLists(timeline, options)
    : selectTileLists(timeline, options);
}

function selectTileLists({ feature, times, values }: TileTimeline, options: SpineOptions): string {
  const { sql } = selectSpineTiles(feature, options);
  const lists =
    values === undefined
      ? `${sorted('a')} AS ${times}`
      : `list(a ORDER BY a, v) AS ${times}, list(v ORDER BY a, v) AS ${values}`;
  return `SELECT u, ${lists} FROM (${sql}) GROUP BY u`;
}

/** Where no other list goes with it: twice as fast as `list(… ORDER BY …)`. */
function sorted(column: string): string {
  return `list_sort(list(${column}::DOUBLE))`;
}

function compileSessions(timeline: SessionTimeline, options: SpineOptions): string {
  return `CREATE OR REPLACE TEMP TABLE ${sessionTable(timeline)} AS
    SELECT u, session_id, min(e) AS first, max(e) AS last
    FROM ${sessionRows(timeline.feature, options)} GROUP BY u, session_id`;
}

/** Sessions that are longer than a day are looked at row by row: few are. */
function selectSessionLists(timeline: SessionTimeline, options: SpineOptions): string {
  const { starts, ends, pauseStarts, pauseEnds } = timeline;
  const sessions = sessionTable(timeline);
  const previous = `lag(e) OVER (PARTITION BY u, session_id ORDER BY e)`;
  const pauses = `SELECT u, e, ${previous} AS previous
    FROM ${sessionRows(timeline.feature, options)} SEMI JOIN (
      FROM ${sessions} WHERE last > first + ${MICROS_PER_DAY}) USING (u, session_id)
    QUALIFY e > previous + ${MICROS_PER_DAY}`;
  return `FROM (
      SELECT u, ${sorted('first')} AS ${starts}, ${sorted('last')} AS ${ends}
      FROM ${sessions} GROUP BY u)
    LEFT JOIN (SELECT u, list(previous::DOUBLE ORDER BY previous, e) AS ${pauseStarts},
      list(e::DOUBLE ORDER BY previous, e) AS ${pauseEnds} FROM (${pauses}) GROUP BY u) USING (u)`;
}
