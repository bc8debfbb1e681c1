import type { LoadWarning } from '../load-warning';

/** Events of other names count as activity, but only `login` says when a user last logged in. */
export function noLogin(events: { readonly rows: number; readonly logins: number }): LoadWarning[] {
  if (events.rows === 0 || events.logins > 0) return [];
  return [
    {
      code: 'no_login',
      table: 'user_events',
      count: events.rows,
      message: `None of the ${events.rows} user events has the event_type login, so days_since_last_login will count from signup for every user. If logins have another name in the source, rename them to login.`,
    },
  ];
}
