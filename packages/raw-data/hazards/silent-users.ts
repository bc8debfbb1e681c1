import type { LoadWarning } from '../load-warning';

const USERS_MIN = 20;
const SHARE_MIN = 0.3;

/** Users without events are taken for silent, and silent users are the ones who churn. */
export function silentUsers(users: {
  readonly rows: number;
  readonly withoutEvents: number;
}): LoadWarning[] {
  const { rows, withoutEvents } = users;
  if (rows < USERS_MIN || withoutEvents < SHARE_MIN * rows) return [];
  const share = Math.round((withoutEvents * 100) / rows);
  return [
    {
      code: 'silent_users',
      table: 'users',
      count: withoutEvents,
      message: `${withoutEvents} of ${rows} users (${share} %) have no user events. If user_events is not complete, import the rest; if it is, check that both tables write user_id in the same way.`,
    },
  ];
}
