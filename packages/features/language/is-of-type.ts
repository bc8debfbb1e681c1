import { quoteLiteral } from '../../duckdb';

/** SQL for whether a row is of an event type; absent: any row is. */
export function isOfType(eventType: string | undefined): string {
  return eventType === undefined ? 'true' : `event_type = ${quoteLiteral(eventType)}`;
}
