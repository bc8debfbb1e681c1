import { quoteLiteral } from '../../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../../instants';
import type { KnowledgeMicros } from '../grid/grid';
import { latestRank } from '../grid/compile-tiles';
import { isOfType } from '../language/is-of-type';
import { readSegments, type Segments } from '../segments';
import type { FeatureDefinition, SourceTable } from '../language/feature-definition';

/** What a spine's rows may know: the same K for all, or what had arrived so long after each T. */
export type SpineKnowledge =
  KnowledgeMicros | { readonly afterMicros: bigint; readonly batch: number };

export interface SpineOptions {
  readonly knowledge: SpineKnowledge;
  readonly segments: Segments;
}

/** SQL for `spine_users(u, user_id, own_plan, signup, k)`: the users of the spine that are known. */
export function compileSpineUsers(options: SpineOptions): string {
  return `CREATE OR REPLACE TEMP TABLE spine_users AS
${fromUsers(options)} WHERE user_id IN (SELECT user_id FROM spine) ORDER BY u`;
}

/** FROM clause: all users of the batches; `u` is their place in the order of their ids. */
export function fromUsers({ knowledge, segments }: SpineOptions): string {
  return `FROM (SELECT (row_number() OVER (ORDER BY user_id) - 1)::INTEGER AS u, user_id,
    plan AS own_plan, epoch_us(signup_time) AS signup, epoch_us(ingested_at) AS k
  FROM ${readSegments(segments('users', knowledge.batch))} WHERE batch <= ${knowledge.batch})`;
}

/** Why a row of a spine has no vector; the number is its place here, 0 for rows that have one. */
export const spineReasons = [
  null,
  'invalid_time',
  'in_the_future',
  'unknown_user',
  'before_signup',
  'not_yet_known',
] as const;

/**
 * SQL for (row, u, t, reason) of `spine(user_id, t)` by user and time; a NULL t is a time that could
 * not be read, `row` is the place in the table, and a row without a user has u = 0.
 */
export function selectSpineRows(knowledge: SpineKnowledge, now: EpochMicros): string {
  const knownAt = 'at' in knowledge ? `${knowledge.at}` : `t + ${knowledge.afterMicros}`;
  const number = (reason: (typeof spineReasons)[number]) => spineReasons.indexOf(reason);
  return `SELECT spine.rowid::INTEGER AS row, coalesce(u, 0)::INTEGER AS u,
  coalesce(t, 0)::DOUBLE AS t, (CASE
  WHEN t IS NULL THEN ${number('invalid_time')}
  WHEN t > ${now} THEN ${number('in_the_future')}
  WHEN u IS NULL THEN ${number('unknown_user')}
  WHEN signup > t THEN ${number('before_signup')}
  WHEN k > ${knownAt} THEN ${number('not_yet_known')}
  ELSE 0 END)::UTINYINT AS reason
FROM spine LEFT JOIN spine_users USING (user_id) ORDER BY 2, 3`;
}

type SpineColumn = 'a' | 'e' | 'v' | 'first' | 'last' | 'first_seen' | 'last_seen';

/** A query for (u, …), in any order; `columns` are the others, all of them doubles. */
export interface SpineQuery {
  readonly sql: string;
  readonly columns: readonly SpineColumn[];
}

/** (u, a, e, others) of the rows that the spine may know: seen from `a` on, not before they happened. */
function knownRows(source: SourceTable, others: string, options: SpineOptions): string {
  const { knowledge, segments } = options;
  const { batch } = knowledge;
  const isAt = 'at' in knowledge;
  const e = 'epoch_us(event_time)';
  const a = isAt ? e : `greatest(${e}, epoch_us(ingested_at) - ${knowledge.afterMicros})`;
  // A comparison of the column itself leaves out row groups by their statistics.
  const isKnown = isAt ? ` AND ingested_at <= make_timestamptz(${knowledge.at})` : '';
  return `SELECT u, ${a} AS a, ${e} AS e, ${others} FROM (
      SELECT * FROM ${readSegments(segments(source, batch))} WHERE batch <= ${batch}${isKnown}
    ) JOIN (SELECT user_id, u FROM spine_users) USING (user_id)`;
}

function micros(days: number): string {
  return (BigInt(days) * MICROS_PER_DAY).toString();
}

/**
 * The rows of a feature that counts, sums or remembers, but those seen only after their window: `a`,
 * from when a row is seen, in epoch microseconds; `e`, when it happened, where that is another moment
 * and matters; and `v`, its value, where that is neither 1 nor `a`.
 */
export function selectSpineTiles(feature: FeatureDefinition, options: SpineOptions): SpineQuery {
  const { source, windowDays } = feature;
  const isAtOnce = 'at' in options.knowledge;
  const own = { user_events: 'event_type', billing_events: 'event_type, amount_cents' };
  const others = source === 'plan_changes' ? `plan, ${latestRank} AS latest_rank` : own[source];
  const inTime = windowDays === undefined ? 'true' : `a < e + ${micros(windowDays)}`;
  const value = valueOf(feature);
  const columns: SpineColumn[] = ['a'];
  if (windowDays !== undefined && !isAtOnce) columns.push('e');
  if (value !== '1' && !(value === 'e' && isAtOnce)) columns.push('v');
  const sql = `SELECT u, ${columns.map((column) => `${column}::DOUBLE AS ${column}`).join(', ')}
  FROM (SELECT *, ${value} AS v FROM (${knownRows(source, others, options)}))
  WHERE ${inTime} AND ${isOfType(feature.eventType)}`;
  return { sql, columns };
}

function valueOf({ aggregate }: FeatureDefinition): string {
  switch (aggregate.kind) {
    case 'count':
    case 'count-distinct':
      return '1';
    case 'sum':
      return 'amount_cents';
    case 'days-since-last':
      return 'e';
    case 'latest-equals':
      return `2 * latest_rank + (${aggregate.column} = ${quoteLiteral(aggregate.equals)})::INTEGER`;
  }
}

/** (u, session_id, a, e) of the rows that a feature's sessions are made from. */
export function sessionRows(
  { source, eventType }: FeatureDefinition,
  options: SpineOptions,
): string {
  const known = knownRows(source, 'session_id, event_type', options);
  return `(SELECT u, session_id, a, e FROM (${known}) WHERE ${isOfType(eventType)})`;
}

/**
 * The sessions: when the first and the last row of each happened; and where that is another moment,
 * when the first and the last to be seen are.
 */
export function selectSpineSessions(feature: FeatureDefinition, options: SpineOptions): SpineQuery {
  const isAtOnce = 'at' in options.knowledge;
  const seen = isAtOnce ? '' : ', min(a)::DOUBLE, max(a)::DOUBLE';
  const sql = `SELECT u, min(e)::DOUBLE, max(e)::DOUBLE${seen}
  FROM ${sessionRows(feature, options)} GROUP BY u, session_id`;
  return { sql, columns: ['first', 'last', ...(isAtOnce ? [] : seenColumns)] };
}

const seenColumns = ['first_seen', 'last_seen'] as const;

/**
 * (a, e) of the rows of sessions that are not in one piece, whose last row is seen after the window
 * of the first has ended: the rows' intervals, less what those before them cover already.
 */
export function selectSessionPieces(
  feature: FeatureDefinition & { readonly windowDays: number },
  options: SpineOptions,
): SpineQuery {
  const window = micros(feature.windowDays);
  const rows = sessionRows(feature, options);
  const covered = `max(e) OVER (PARTITION BY u, session_id ORDER BY a, e
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + ${window}`;
  const sql = `SELECT u, greatest(a, coalesce(covered, a))::DOUBLE AS a, e::DOUBLE AS e FROM (
  SELECT u, a, e, ${covered} AS covered FROM ${rows} SEMI JOIN (
    SELECT u, session_id FROM ${rows} GROUP BY u, session_id HAVING max(a) > min(e) + ${window}
  ) USING (u, session_id) WHERE a < e + ${window}
) WHERE greatest(a, coalesce(covered, a)) < e + ${window}`;
  return { sql, columns: ['a', 'e'] };
}
