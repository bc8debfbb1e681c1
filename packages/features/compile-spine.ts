import { quoteLiteral, readParquet } from '../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../instants';
import { latestRank, type SegmentFiles } from './compile-facts';
import { isOfType } from './is-of-type';
import type { FeatureDefinition, SourceTable } from './language';

/** What a spine's rows may know: the same K for all, or what had arrived so long after each T. */
export interface SpineKnowledge {
  readonly batch: number;
  readonly known: { readonly at: EpochMicros } | { readonly afterMicros: bigint };
}

export interface SpineOptions {
  readonly knowledge: SpineKnowledge;
  readonly segments: SegmentFiles;
}

/** Reads `spine(row, user_id, t)`; a NULL t is a time that could not be read. */
const SPINE = 'spine';

/** SQL for `spine_users(u, user_id, own_plan, signup, k)`: the users of the spine that are known. */
export function compileSpineUsers({ knowledge, segments }: SpineOptions): string {
  return `CREATE OR REPLACE TEMP TABLE spine_users AS
SELECT (row_number() OVER (ORDER BY user_id) - 1)::INTEGER AS u, user_id, plan AS own_plan,
  epoch_us(signup_time) AS signup, epoch_us(ingested_at) AS k
FROM ${readParquet(segments('users', knowledge.batch))}
WHERE batch <= ${knowledge.batch} AND user_id IN (SELECT user_id FROM ${SPINE}) ORDER BY user_id`;
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

/** SQL for `spine_rows(row, u, t, reason)`, by (u, t); a row without a user has u = -1. */
export function compileSpineRows(knowledge: SpineKnowledge, now: EpochMicros): string {
  const { known } = knowledge;
  const knownAt = 'at' in known ? `${known.at}` : `t + ${known.afterMicros}`;
  const number = (reason: (typeof spineReasons)[number]) => spineReasons.indexOf(reason);
  return `CREATE OR REPLACE TEMP TABLE spine_rows AS
SELECT row, coalesce(u, -1)::INTEGER AS u, coalesce(t, 0)::DOUBLE AS t, (CASE
  WHEN t IS NULL THEN ${number('invalid_time')}
  WHEN t > ${now} THEN ${number('in_the_future')}
  WHEN u IS NULL THEN ${number('unknown_user')}
  WHEN signup > t THEN ${number('before_signup')}
  WHEN k > ${knownAt} THEN ${number('not_yet_known')}
  ELSE 0 END)::UTINYINT AS reason
FROM ${SPINE} LEFT JOIN spine_users USING (user_id) ORDER BY u, t`;
}

/** The moment from which on a row is seen, in epoch microseconds: not before it happened. */
function seenFrom({ known }: SpineKnowledge): string {
  return 'at' in known ? 'e' : `greatest(e, k - ${known.afterMicros})`;
}

function knownRows(source: SourceTable, columns: string, options: SpineOptions): string {
  const { knowledge, segments } = options;
  const { known, batch } = knowledge;
  const isKnown = 'at' in known ? ` AND epoch_us(ingested_at) <= ${known.at}` : '';
  const rows = `SELECT user_id, ${columns}, epoch_us(event_time) AS e, epoch_us(ingested_at) AS k
      FROM ${readParquet(segments(source, batch))} WHERE batch <= ${batch}${isKnown}`;
  return `SELECT u, * EXCLUDE (user_id, u), ${seenFrom(knowledge)} AS a
    FROM (${rows}) JOIN (SELECT user_id, u FROM spine_users) USING (user_id)`;
}

function micros(days: number): string {
  return (BigInt(days) * MICROS_PER_DAY).toString();
}

/**
 * SQL for (u, a, e, v): the rows of a feature that counts, sums or remembers, from when each is
 * seen, when it happened, and its value. Rows that are seen only after their window are left out.
 */
export function selectSpineFacts(feature: FeatureDefinition, options: SpineOptions): string {
  const { aggregate, source, windowDays } = feature;
  const own = { user_events: 'event_type', billing_events: 'event_type, amount_cents' };
  const columns = source === 'plan_changes' ? `plan, ${latestRank} AS latest_rank` : own[source];
  const inTime = windowDays === undefined ? 'true' : `a < e + ${micros(windowDays)}`;
  const value = {
    count: '1',
    'count-distinct': '1',
    sum: 'amount_cents',
    'days-since-last': 'e',
    'latest-equals':
      aggregate.kind === 'latest-equals'
        ? `2 * latest_rank + (${aggregate.column} = ${quoteLiteral(aggregate.equals)})::INTEGER`
        : '',
  }[aggregate.kind];
  return `SELECT u, a::DOUBLE AS a, e::DOUBLE AS e, (${value})::DOUBLE AS v
  FROM (${knownRows(source, columns, options)}) WHERE ${inTime} AND ${isOfType(feature.eventType)}`;
}

/**
 * SQL for `spine_sessions(u, session_id, first_seen, last_seen, first, last)`. A session whose last
 * row is seen before the shortest window of its first row ends is in force from `first_seen` until
 * a window after `last`; the others have to be looked at row by row.
 */
export function compileSpineSessions(feature: FeatureDefinition, options: SpineOptions): string {
  return `CREATE OR REPLACE TEMP TABLE spine_sessions AS
SELECT u, session_id, min(a) AS first_seen, max(a) AS last_seen, min(e) AS first, max(e) AS last
FROM (${knownRows(feature.source, 'session_id, event_type', options)})
WHERE ${isOfType(feature.eventType)} GROUP BY u, session_id`;
}

function isPlain(windowDays: number): string {
  return `last_seen <= first + ${micros(windowDays)}`;
}

/** A relation of the sessions that are not in one piece. */
export function raggedSessions(windowDays: number): string {
  return `(FROM spine_sessions WHERE NOT (${isPlain(windowDays)}))`;
}

/** (u, a, e, v) of the sessions, where all are in one piece. */
export const selectAllSessions = `SELECT u, first_seen::DOUBLE AS a, last::DOUBLE AS e, 1::DOUBLE AS v
  FROM spine_sessions`;

/** (u, a, e, v) of the sessions in one piece. */
export function selectPlainSessions(windowDays: number): string {
  return `${selectAllSessions} WHERE ${isPlain(windowDays)}`;
}

/** (u, a, e, v) of the pieces of the other sessions: a union of their rows' intervals. */
export function selectSessionPieces(feature: FeatureDefinition, options: SpineOptions): string {
  const window = micros(feature.windowDays ?? 0);
  const rows = knownRows(feature.source, 'session_id, event_type', options);
  const covered = `max(e) OVER (PARTITION BY u, session_id ORDER BY a, e
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + ${window}`;
  return `SELECT u, greatest(a, coalesce(covered, a))::DOUBLE AS a, e::DOUBLE AS e, 1::DOUBLE AS v FROM (
  SELECT u, a, e, ${covered} AS covered FROM (${rows})
    SEMI JOIN ${raggedSessions(feature.windowDays ?? 0)} USING (u, session_id)
  WHERE a < e + ${window} AND ${isOfType(feature.eventType)}
) WHERE greatest(a, coalesce(covered, a)) < e + ${window}`;
}
