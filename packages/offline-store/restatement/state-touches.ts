import { isOfType, type SourceTable, type StateDefinition, type StateEvent } from '../../features';
import { MICROS_PER_DAY } from '../../instants';
import { FOREVER, firstMidnight } from './first-midnight';

/** SQL for whether a row of a source decides the state, and some partition's state may not know it. */
export function isNewToState(state: StateDefinition, source: SourceTable): string {
  const types = kindsOf(state).filter((kind) => kind.source === source);
  if (types.length === 0) return 'false';
  return `((${types.map(({ eventType }) => isOfType(eventType)).join(' OR ')})
    AND (batch > (SELECT min(state_batch) FROM partitions)
      OR k > (SELECT min(state_known_at) FROM partitions)))`;
}

function kindsOf({ endedBy, resumedBy }: StateDefinition): readonly StateEvent[] {
  return [endedBy, ...resumedBy];
}

/**
 * SQL for (part, source, row, batch, k, from_day, until_day): the days on which the rows of
 * `new_<source>` that are new to the state can touch it, from the first midnight that sees a row until
 * the first that sees a later row which settles the matter. That is one of the same kind; one that
 * ends the state, or brings it back whenever it comes; or one that brings it back only so many days
 * after an ending, if it comes that long after the row: one that comes sooner would be no return from
 * an ending at the row, and may be one from an ending before it.
 *
 * @param knownRows  SQL for (user_id, event_type, event_time, …) of a source's known rows.
 */
export function stateTouches(
  state: StateDefinition,
  knownRows: (source: SourceTable) => string,
): string {
  const kinds = kindsOf(state);
  const late = kinds.map(
    ({ source, eventType }, kind) =>
      `SELECT ${kind} AS kind, '${source}' AS source, rowid AS row, user_id, batch, k, d,
        epoch_us(event_time) AS e
      FROM new_${source} WHERE is_new_to_state AND ${isOfType(eventType)}`,
  );
  const deciding = kinds.map(
    ({ source, eventType }, kind) =>
      `SELECT ${kind} AS kind, user_id, epoch_us(event_time) AS e FROM (${knownRows(source)})
      WHERE ${isOfType(eventType)} AND user_id IN (SELECT user_id FROM late)`,
  );
  const settling = kinds.map(({ afterDays = 0 }, kind) => {
    const after = BigInt(afterDays) * MICROS_PER_DAY;
    return `ASOF LEFT JOIN (SELECT user_id, e FROM deciding WHERE kind = ${kind}) AS next_${kind}
      ON late.user_id = next_${kind}.user_id
      AND late.e + CASE late.kind WHEN ${kind} THEN 0 ELSE ${after} END < next_${kind}.e`;
  });
  const next = `least(${kinds.map((_, kind) => `next_${kind}.e`).join(', ')})`;
  return `(WITH late AS MATERIALIZED (${late.join(' UNION ALL ')}),
    deciding AS MATERIALIZED (${deciding.join(' UNION ALL ')})
    SELECT 'state', late.source, late.row, late.batch, late.k, late.d,
      coalesce(${firstMidnight(next)}, ${FOREVER})
    FROM late ${settling.join(' ')})`;
}
