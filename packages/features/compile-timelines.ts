import { quoteLiteral, readParquet } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import { knownRows, selectSpineFacts, selectUsers, type SpineOptions } from './compile-spine';
import { isOfType } from './is-of-type';
import type { Timeline } from './timelines';

/** Some users, by their places in the order of all ids, and the file for their timelines. */
export interface TimelinePart {
  readonly from: number;
  /** Exclusive. */
  readonly until: number;
  readonly file: string;
}

/**
 * SQL for `timeline_users(u, user_id, part)`: all users, cut where about so many rows of these files
 * are together; a user's rows stay together.
 */
export function compileTimelineUsers(
  options: SpineOptions,
  { files, rowsPerPart }: { files: readonly string[]; rowsPerPart: number },
): string {
  const rowsUntil = `sum(1 + coalesce(n, 0)) OVER (ORDER BY u)`;
  return `CREATE OR REPLACE TEMP TABLE timeline_users AS
SELECT u, user_id, (${rowsUntil} - 1) // ${rowsPerPart} AS part
FROM (SELECT u, user_id ${selectUsers(options)}) LEFT JOIN (
  SELECT user_id, count(*) AS n FROM ${readParquet(files)} GROUP BY user_id
) USING (user_id) ORDER BY u`;
}

/** (from, until) of each part, in order. */
export const selectTimelineParts = `SELECT min(u) AS "from", max(u) + 1 AS until
FROM timeline_users GROUP BY part ORDER BY 1`;

/** Statements that write the file of a part: a row per user, in the order of their ids. */
export function compileTimelines(
  timelines: readonly Timeline[],
  { from, until, file }: TimelinePart,
  options: SpineOptions,
): string[] {
  const users = `FROM timeline_users WHERE u >= ${from} AND u < ${until}`;
  const listed = timelines.map((timeline) => listsOf(timeline, options));
  const columns = timelines.flatMap((timeline) => timeline.columns);
  const lists = columns.map((column) => `coalesce(${column}, []) AS ${column}`);
  const joins = listed.map(({ lists: rows }) => `LEFT JOIN (${rows}) USING (u)`);
  const rows = `SELECT user_id, ${lists.join(', ')} FROM spine_users ${joins.join(' ')} ORDER BY u`;
  return [
    `CREATE OR REPLACE TEMP TABLE spine_users AS SELECT u, user_id ${users}`,
    ...listed.flatMap(({ before }) => before),
    // Times hardly compress, and row groups are what threads share.
    `COPY (${rows}) TO ${quoteLiteral(file)} (FORMAT parquet, PARQUET_VERSION v1,
      COMPRESSION uncompressed, ROW_GROUP_SIZE 4096, WRITE_BLOOM_FILTER false)`,
  ];
}

/** Statements that leave nothing in memory, whatever has been run of the others. */
export function dropTimelineTables(timelines: readonly Timeline[]): string[] {
  return ['timeline_users', ...timelines.map(sessionTable)].map(
    (table) => `DROP TABLE IF EXISTS ${table}`,
  );
}

function sessionTable({ columns: [first] }: Timeline): string {
  return `sessions_of_${first}`;
}

/** (u, lists) of a timeline's users who have rows, and statements that come before. */
interface Lists {
  readonly before: readonly string[];
  readonly lists: string;
}

function listsOf(timeline: Timeline, options: SpineOptions): Lists {
  return timeline.kind === 'sessions'
    ? listSessions(timeline, options)
    : listFacts(timeline, options);
}

function listFacts({ feature, columns: [times, values] }: Timeline, options: SpineOptions): Lists {
  const { sql } = selectSpineFacts(feature, options);
  const inOrder =
    values === undefined
      ? `${sorted('a')} AS ${times}`
      : `list(a ORDER BY a, v) AS ${times}, list(v ORDER BY a, v) AS ${values}`;
  return { before: [], lists: `SELECT u, ${inOrder} FROM (${sql}) GROUP BY u` };
}

/** Where no other list goes with it: twice as fast as `list(… ORDER BY …)`. */
function sorted(column: string): string {
  return `list_sort(list(${column}::DOUBLE))`;
}

/** Sessions that are longer than a day are looked at row by row: few are. */
function listSessions(timeline: Timeline, options: SpineOptions): Lists {
  const { feature, columns } = timeline;
  const [starts, ends, pauseStarts, pauseEnds] = columns;
  const known = knownRows(feature.source, 'session_id, event_type', options);
  const rows = `(SELECT u, session_id, e FROM (${known}) WHERE ${isOfType(feature.eventType)})`;
  const sessions = sessionTable(timeline);
  const before = `CREATE OR REPLACE TEMP TABLE ${sessions} AS
    SELECT u, session_id, min(e) AS first, max(e) AS last FROM ${rows} GROUP BY u, session_id`;
  const previous = `lag(e) OVER (PARTITION BY u, session_id ORDER BY e)`;
  const pauses = `SELECT u, e, ${previous} AS previous FROM ${rows} SEMI JOIN (
      FROM ${sessions} WHERE last > first + ${MICROS_PER_DAY}) USING (u, session_id)
    QUALIFY e > previous + ${MICROS_PER_DAY}`;
  const lists = `FROM (
      SELECT u, ${sorted('first')} AS ${starts}, ${sorted('last')} AS ${ends}
      FROM ${sessions} GROUP BY u)
    LEFT JOIN (SELECT u, list(previous::DOUBLE ORDER BY previous, e) AS ${pauseStarts},
      list(e::DOUBLE ORDER BY previous, e) AS ${pauseEnds} FROM (${pauses}) GROUP BY u) USING (u)`;
  return { before: [before], lists };
}
