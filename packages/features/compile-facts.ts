import { quoteLiteral, readParquet } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import type { FactColumn, SourcePlan } from './channels';
import type { FeatureSet } from './feature-set';
import type { Grid } from './grid';
import { isOfType } from './is-of-type';
import type { SourceTable } from './language';

export type RawTable = 'users' | SourceTable;

/** The raw log's files of a table, of batches up to one, in batch order. */
export type SegmentFiles = (table: RawTable, throughBatch: number) => readonly string[];

/** Users by id, bytewise: from (inclusive) until (exclusive); an end that is absent is open. */
export interface UserRange {
  readonly from?: string;
  readonly until?: string;
}

const DAY = MICROS_PER_DAY.toString();

/**
 * SQL for `user_rows(u, user_id, plan, signup, since)`: the users visible at some moment of the
 * grid, numbered 0, 1, … in the order of their ids; `since` is the first moment that sees them.
 */
export function compileUsers(grid: Grid, segments: SegmentFiles): string {
  return `CREATE OR REPLACE TEMP TABLE user_rows AS
SELECT (row_number() OVER (ORDER BY user_id) - 1)::INTEGER AS u, user_id, plan, signup, since FROM (
  SELECT user_id, plan, e::DOUBLE AS signup, ${firstMomentThatSees(grid)}::INTEGER AS since FROM (
    SELECT user_id, plan, e, k, batch, ${dayIndex(grid, 0)} AS d FROM (
      SELECT user_id, plan, epoch_us(signup_time) AS e, epoch_us(ingested_at) AS k, batch
      FROM ${readParquet(segments('users', throughBatch(grid)))}
    )
  )
) WHERE since < ${grid.count} ORDER BY user_id`;
}

interface CompileOptions {
  readonly featureSet: FeatureSet;
  readonly plan: SourcePlan;
  readonly grid: Grid;
  readonly segments: SegmentFiles;
  readonly users: UserRange;
}

/**
 * SQL for the facts of a source: what its rows come to per user (and session), day and moment of
 * arrival. A fact (u, d, a, values) stands for the raw rows of user `u` that happened at or before
 * moment `d` but after `d − 1`, and that moment `a ≥ d` is the first to see. In a window of W days
 * it is in force at the moments a ≤ i < d + W, and for a label of H days at d − H ≤ i < d.
 * Rows whose every window has passed before the first moment share the day −W.
 */
export function compileFacts(options: CompileOptions): string {
  const { plan } = options;
  const isShared = knowsTheSame(options.grid);
  const values = plan.columns.map((column) => `, ${factValue(column, isShared)} AS ${column.name}`);
  const session = plan.bySession ? ', session_id' : '';
  const moment = isShared ? '' : ', a';
  return `CREATE OR REPLACE TEMP TABLE facts AS
SELECT u${session}, d${moment}${values.join('')}
FROM (${isShared ? knownRows(options) : placedRows(options)})
JOIN (SELECT user_id, u FROM user_rows) USING (user_id)
GROUP BY u${session}, d${moment}`;
}

/** Whether features and label know the same rows: then a fact's day alone says who counts it. */
function knowsTheSame({ knowledge, label }: Grid): boolean {
  return knowledge.every(({ at, batch }) => at === label.at && batch === label.batch);
}

function factValue(column: FactColumn, isShared: boolean): string {
  if (column.labelFlag === undefined) return column.sql;
  if (column.labelFlag === 'any')
    return isShared ? '(d > 0)::UTINYINT' : 'max(for_label::UTINYINT)';
  const counts = isShared ? column.labelFlag : `for_label AND ${column.labelFlag}`;
  return `max((${counts})::UTINYINT)`;
}

/** The raw rows that both features and label know, with their days. */
function knownRows(options: CompileOptions): string {
  const { plan, grid, featureSet } = options;
  const [only] = grid.knowledge;
  const isKnown = only && `k <= ${only.at} AND batch <= ${only.batch}`;
  const last = grid.count - 1 + (isForLabel(plan) ? featureSet.label.horizonDays : 0);
  const isNeeded = `(${isForLabel(plan) ? 'd > 0' : 'false'} OR ${isRemembered(options)})`;
  return `SELECT user_id${ownColumns(plan)}, e, d FROM (
    SELECT *, ${dayIndex(grid, plan.windowDays)} AS d FROM (${rawRows(options)}) WHERE ${isKnown}
  ) WHERE d <= ${last} AND ${isNeeded}`;
}

/** The raw rows that features or label know, with the moments that first see them. */
function placedRows(options: CompileOptions): string {
  const { plan, grid } = options;
  const days = `SELECT *, ${dayIndex(grid, plan.windowDays)} AS d FROM (${rawRows(options)})`;
  const placed = `SELECT *, ${firstMomentThatSees(grid)} AS a, ${forLabel(options)} AS for_label FROM (${days})`;
  return `SELECT user_id${ownColumns(plan)}, e, d, a, for_label FROM (${placed})
    WHERE for_label OR (a < ${grid.count} AND ${isRemembered(options)})`;
}

/** The moment of arrival of a fact. */
function arrival(grid: Grid): string {
  return knowsTheSame(grid) ? `least(greatest(d, 0), ${grid.count})::INTEGER` : 'a';
}

/** Facts in the columns that the sweep takes. */
export function selectFacts({ columns }: SourcePlan, grid: Grid): string {
  return `SELECT u, d, ${arrival(grid)} AS a${columns.map(({ name }) => `, ${name}`).join('')} FROM facts`;
}

/** SQL for `shared_sessions`: the few that count and have more than one fact. */
export function compileSharedSessions(plan: SourcePlan, grid: Grid): string {
  return `CREATE OR REPLACE TEMP TABLE shared_sessions AS
SELECT u, session_id FROM facts
WHERE ${arrival(grid)} < ${grid.count} AND d > ${-plan.windowDays}
GROUP BY u, session_id HAVING count(*) > 1`;
}

/**
 * Rows (u, i, v): what to add at moment i so that a session with several facts counts once while
 * any of them is in force. What the earlier facts of a session cover already is taken off again: a
 * union of intervals over the whole window, not a sum of days.
 */
export function selectCorrections(
  grid: Grid,
  channel: { windowDays: number; column: string | undefined },
): string {
  const end = `least(d + ${channel.windowDays}, ${grid.count})`;
  const counts = channel.column === undefined ? '' : ` AND ${channel.column} > 0`;
  return `SELECT u, unnest([a, least(covered, b)])::INTEGER AS i, unnest([-1, 1])::INTEGER AS v FROM (
  SELECT u, a, b, max(b) OVER (PARTITION BY u, session_id ORDER BY a, d
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered
  FROM (
    SELECT u, session_id, ${arrival(grid)} AS a, d, ${end} AS b
    FROM facts SEMI JOIN shared_sessions USING (u, session_id)
    WHERE ${arrival(grid)} < ${end}${counts}
  )
) WHERE covered > a`;
}

/** The last batch that any moment of a grid, or its label, may know. */
export function throughBatch(grid: Grid): number {
  return Math.max(grid.knowledge.at(-1)?.batch ?? 0, grid.label.batch);
}

const rawColumns: Record<SourceTable, readonly string[]> = {
  user_events: ['session_id', 'event_type'],
  billing_events: ['event_type', 'amount_cents'],
  plan_changes: ['plan', 'latest_rank'],
};

/** Rows that only channels without a window remember need no session: they share one fact. */
function ownColumns({ source, bySession, windowDays }: SourcePlan): string {
  const columns = rawColumns[source].map((column) =>
    bySession && column === 'session_id'
      ? `CASE WHEN d > ${-windowDays} THEN session_id END AS session_id`
      : column,
  );
  return columns.map((column) => `, ${column}`).join('');
}

/** SQL for the place of a plan change among the user's: the latest has the greatest. */
export const latestRank = 'row_number() OVER (PARTITION BY user_id ORDER BY event_time, change_id)';

function rawRows({ plan, grid, segments, users }: CompileOptions): string {
  const columns = rawColumns[plan.source]
    .map((column) => (column === 'latest_rank' ? `${latestRank} AS latest_rank` : column))
    .join(', ');
  const bounds = [
    ...(users.from === undefined ? [] : [`user_id >= ${quoteLiteral(users.from)}`]),
    ...(users.until === undefined ? [] : [`user_id < ${quoteLiteral(users.until)}`]),
  ];
  const where = bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`;
  return `SELECT user_id, ${columns}, epoch_us(event_time) AS e, epoch_us(ingested_at) AS k, batch
      FROM ${readParquet(segments(plan.source, throughBatch(grid)))}${where}`;
}

/** The index of the first moment at or after `e`, and −floor for all that are as old or older. */
function dayIndex(grid: Grid, floorDays: number): string {
  const shift = BigInt(floorDays) * MICROS_PER_DAY + MICROS_PER_DAY - 1n - grid.first;
  return `(greatest(e + ${shift}, 0) // ${DAY} - ${floorDays})::INTEGER`;
}

/**
 * The first moment that sees a row of day `d`: not before `d`, and one that knows it; `count` when
 * no moment does. K and S never fall, so that once known is known.
 */
function firstMomentThatSees(grid: Grid): string {
  const { count, knowledge } = grid;
  const [only] = knowledge;
  const isOne = knowledge.every(({ at, batch }) => at === only?.at && batch === only.batch);
  if (isOne && only) {
    const isKnown = `k <= ${only.at} AND batch <= ${only.batch}`;
    return `CASE WHEN ${isKnown} THEN least(greatest(d, 0), ${count}) ELSE ${count} END`;
  }
  const ats = `[${knowledge.map(({ at }) => at).join(', ')}]`;
  const batches = `[${knowledge.map(({ batch }) => batch).join(', ')}]`;
  const soonest = 'greatest(d, 0) + 1';
  const later = `len(list_filter(${ats}, lambda x: x < k))`;
  const laterBatch = `len(list_filter(${batches}, lambda x: x < batch))`;
  // Most rows are known at the first moment after them; only the others are looked up.
  return `CASE WHEN d >= ${count} THEN ${count}
    WHEN k <= ${ats}[${soonest}] AND batch <= ${batches}[${soonest}] THEN greatest(d, 0)
    ELSE greatest(d, 0, ${later}, ${laterBatch})::INTEGER END`;
}

function isForLabel({ label }: SourcePlan): boolean {
  return label.silent !== undefined || label.cancelled !== undefined;
}

/** Whether the label of some moment of the grid looks at a row. */
function forLabel({ featureSet, plan, grid }: CompileOptions): string {
  if (!isForLabel(plan)) return 'false';
  const { at, batch } = grid.label;
  const horizonEnd = grid.count - 1 + featureSet.label.horizonDays;
  return `(k <= ${at} AND batch <= ${batch} AND d > 0 AND d <= ${horizonEnd})`;
}

/** Leaves out rows whose every window has passed, where nothing remembers them for ever. */
function isRemembered({ featureSet, plan }: CompileOptions): string {
  const lasting = featureSet.features.filter(
    (feature) => feature.source === plan.source && feature.windowDays === undefined,
  );
  if (lasting.some((feature) => feature.eventType === undefined)) return 'true';
  const types = lasting.map(({ eventType }) => isOfType(eventType));
  return `(${[`d > ${-plan.windowDays}`, ...types].join(' OR ')})`;
}
