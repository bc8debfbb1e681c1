import { quoteLiteral } from '../duckdb';
import { formatInstant, MICROS_PER_DAY, type EpochMicros } from '../instants';
import type { FeatureSet } from './feature-set';
import type { KnowledgeMicros, LabelKnowledgeMicros } from './grid/grid';
import { isOfType } from './language/is-of-type';
import { readSegments, type InputTable, type Segments } from './segments';
import {
  sourcesOfFeatures,
  sourcesOfLabel,
  sourcesOfState,
  type FeatureDefinition,
  type LabelDefinition,
  type StateDefinition,
  type StateEvent,
} from './language/feature-definition';

/** One user at one moment. */
export interface MomentQuestion {
  readonly userId: string;
  /** T. */
  readonly at: EpochMicros;
  /** K and S. */
  readonly known: KnowledgeMicros;
  readonly label: LabelKnowledgeMicros;
  readonly segments: Segments;
}

/** DuckDB keeps all columns of rows that it reads for several features, properties too if they were there. */
const columnsRead: Readonly<Record<InputTable, string>> = {
  users: 'user_id, signup_time, plan',
  plan_changes: 'change_id, plan, event_time',
  user_events: 'session_id, event_type, event_time',
  billing_events: 'event_type, amount_cents, event_time',
};

/**
 * SQL for the vector of one user at one moment, straight from the definitions: what
 * `churn features` runs and, with `--explain`, prints. It gives one row of the partition's columns,
 * or none when the user is not visible at (T, K).
 */
export function compileMoment(featureSet: FeatureSet, question: MomentQuestion): string {
  const { features, label, state } = featureSet;
  const { at, known, label: labelKnown } = question;
  const visible = (table: InputTable, timeColumn: string) =>
    `${table} AS (
  SELECT ${columnsRead[table]} FROM ${rowsOfUser(table, known.batch, question)}
    AND ${timeColumn} <= ${instant(at)} AND ${isKnown(known)}
)`;
  const horizonEnd = at + days(label.horizonDays);
  const following = (table: InputTable) =>
    `following_${table} AS (
  SELECT ${columnsRead[table]} FROM ${rowsOfUser(table, labelKnown.batch, question)}
    AND event_time > ${instant(at)} AND event_time <= ${instant(horizonEnd)} AND ${isKnown(labelKnown)}
)`;
  const sources = new Set([...sourcesOfFeatures(features), ...sourcesOfState(state)]);
  const values = features.map((feature) => `  ${valueOf(feature, at)} AS ${feature.name}`);
  return `WITH ${[
    visible('users', 'signup_time'),
    ...[...sources].map((source) => visible(source, 'event_time')),
    ...sourcesOfLabel(label).map(following),
    lastEnding(state),
  ].join(', ')}
SELECT user_id, ${instant(at)} AS feature_time,
${values.join(',\n')},
  ${labelOf(label, { horizonEnd, known: labelKnown })} AS ${label.name},
  ${stateOf(state)} AS ${state.name}
FROM users`;
}

function days(count: number): EpochMicros {
  return BigInt(count) * MICROS_PER_DAY;
}

function instant(at: EpochMicros): string {
  return `TIMESTAMPTZ ${quoteLiteral(formatInstant(at))}`;
}

function isKnown({ at, batch }: KnowledgeMicros): string {
  return `ingested_at <= ${instant(at)} AND batch <= ${batch}`;
}

function rowsOfUser(
  table: InputTable,
  batch: number,
  { segments, userId }: MomentQuestion,
): string {
  return `${readSegments(segments(table, batch))}
  WHERE user_id = ${quoteLiteral(userId)}`;
}

function valueOf(feature: FeatureDefinition, at: EpochMicros): string {
  const { aggregate, windowDays, eventType, source } = feature;
  const conditions = [
    ...(windowDays === undefined ? [] : [`event_time > ${instant(at - days(windowDays))}`]),
    ...(eventType === undefined ? [] : [isOfType(eventType)]),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const from = `FROM ${source}${where}`;
  const byDefault = feature.default;
  switch (aggregate.kind) {
    case 'count':
      return total(feature, { sum: 'count(*)', from });
    case 'count-distinct':
      return total(feature, { sum: `count(DISTINCT ${aggregate.column})`, from });
    case 'sum':
      return total(feature, { sum: `coalesce(sum(${aggregate.column}), 0)`, from });
    case 'days-since-last': {
      const passed = (since: string) => `(${at} - ${since}) // ${MICROS_PER_DAY}`;
      const none = byDefault === undefined ? passed('epoch_us(signup_time)') : String(byDefault);
      return `coalesce((SELECT ${passed('max(epoch_us(event_time))')} ${from}), ${none})::INTEGER`;
    }
    case 'latest-equals': {
      const equals = `${aggregate.column} = ${quoteLiteral(aggregate.equals)}`;
      const latest = `SELECT ${equals} ${from} ORDER BY event_time DESC, change_id DESC LIMIT 1`;
      return `coalesce((${latest}), ${byDefault === undefined ? equals : String(byDefault)})`;
    }
  }
}

function total(feature: FeatureDefinition, { sum, from }: { sum: string; from: string }): string {
  const value =
    feature.type === 'int32'
      ? `(${sum})::INTEGER`
      : `(${sum})::BIGINT::DOUBLE / ${feature.dividedBy ?? 1}`;
  if (feature.default === undefined) return `(SELECT ${value} ${from})`;
  // With an exponent, since DuckDB would read a DECIMAL and round it.
  const none = feature.type === 'int32' ? feature.default : Number(feature.default).toExponential();
  return `(SELECT CASE WHEN count(*) = 0 THEN ${String(none)} ELSE ${value} END ${from})`;
}

function labelOf(
  { silentIn, cancelledBy }: LabelDefinition,
  { horizonEnd, known }: { horizonEnd: EpochMicros; known: LabelKnowledgeMicros },
): string {
  const { at, completeThrough } = known;
  if (completeThrough === null || horizonEnd > at || horizonEnd > completeThrough) {
    return 'NULL::BOOLEAN';
  }
  const isType = isOfType(cancelledBy.eventType);
  return `(NOT EXISTS (FROM following_${silentIn})
    OR EXISTS (FROM following_${cancelledBy.source} WHERE ${isType}))`;
}

/** When the state ended last; no row where it never did. */
function lastEnding({ endedBy }: StateDefinition): string {
  return `last_ending AS (
  SELECT epoch_us(event_time) AS ended FROM ${endedBy.source} WHERE ${isOfType(endedBy.eventType)}
  ORDER BY event_time DESC LIMIT 1
)`;
}

function stateOf({ resumedBy }: StateDefinition): string {
  const resumed = ({ source, eventType, afterDays = 0 }: StateEvent) =>
    `EXISTS (FROM ${source}, last_ending
      WHERE ${isOfType(eventType)} AND epoch_us(event_time) > ended + ${days(afterDays)})`;
  return `(NOT EXISTS (FROM last_ending) OR ${resumedBy.map(resumed).join(' OR ')})`;
}
