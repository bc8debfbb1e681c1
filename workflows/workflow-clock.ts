/**
 * Milliseconds since the epoch as this workflow's history has them: the time of the task at hand,
 * the same in every replay. For deadlines and durations only; a logical date never comes from it.
 */
export function workflowClock(): number {
  // oxlint-disable-next-line no-restricted-properties -- Temporal's sandbox replaces Date.now
  return Date.now();
}
