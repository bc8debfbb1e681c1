import { importTables, importWorld, ticketWorld } from './ticket-world';
import type { TestApplication } from './open-test-platform';
import { datesBetween } from '../../packages/instants/logical-date';

/** The day whose list is looked at. */
export const LISTED_DAY = '2024-06-29';

interface Person {
  readonly user: string;
  /** Whether and why not the person is eligible on `LISTED_DAY`. */
  readonly reason: 'left' | 'dormant' | null;
  /** Billing events as `type time`, and changes of plan as `plan_change time`. */
  readonly events?: readonly string[];
  /** Default 2024-06-28. */
  readonly lastLogin?: string;
  /** Default 2024-01-01. */
  readonly signup?: string;
}

const CANCELLED = 'subscription_cancelled 2024-06-10T09:00:00Z';

/** People who stay, leave, come back and try, each with what the list must say of them. */
export const people: readonly Person[] = [
  { user: 'stays', reason: null },
  { user: 'pays', reason: null, events: ['charge_succeeded 2024-06-20T09:00:00Z'] },
  { user: 'cancelled', reason: 'left', events: [CANCELLED] },
  {
    user: 'cancelled-long-ago',
    reason: 'left',
    events: ['subscription_cancelled 2024-02-01T09:00:00Z'],
  },
  {
    user: 'final-invoice',
    reason: 'left',
    events: [CANCELLED, 'charge_succeeded 2024-06-12T09:00:00Z'],
  },
  {
    user: 'final-invoice-at-three-days',
    reason: 'left',
    events: [CANCELLED, 'charge_succeeded 2024-06-13T09:00:00Z'],
  },
  {
    user: 'pays-again',
    reason: null,
    events: [CANCELLED, 'charge_succeeded 2024-06-13T09:00:00.000001Z'],
  },
  {
    user: 'fails-to-pay-again',
    reason: 'left',
    events: [CANCELLED, 'charge_failed 2024-06-20T09:00:00Z'],
  },
  {
    user: 'starts-again',
    reason: null,
    events: [CANCELLED, 'subscription_started 2024-06-10T09:00:01Z'],
  },
  {
    user: 'changes-plan',
    reason: null,
    events: [CANCELLED, 'plan_change 2024-06-12T09:00:00Z'],
  },
  {
    user: 'leaves-twice',
    reason: 'left',
    events: [
      CANCELLED,
      'subscription_started 2024-06-12T09:00:00Z',
      'subscription_cancelled 2024-06-20T09:00:00Z',
    ],
  },
  {
    user: 'leaves-tomorrow',
    reason: null,
    events: ['subscription_cancelled 2024-06-29T00:00:00.000001Z'],
  },
  {
    user: 'leaves-at-midnight',
    reason: 'left',
    events: ['subscription_cancelled 2024-06-29T00:00:00Z'],
  },
  { user: 'tries', reason: null, signup: '2024-06-20', events: [] },
  {
    user: 'tries-and-stops',
    reason: 'left',
    signup: '2024-06-20',
    events: ['subscription_cancelled 2024-06-25T09:00:00Z'],
  },
  { user: 'silent', reason: 'dormant', lastLogin: '2024-05-20' },
  { user: 'silent-and-gone', reason: 'left', lastLogin: '2024-05-20', events: [CANCELLED] },
];

/** Imports a world that a model can be trained on, and the people into it. */
export async function importPeople(application: TestApplication): Promise<void> {
  await importWorld(application, ticketWorld(60));
  const billing: string[] = [];
  const changes: string[] = [];
  const logins: string[] = [];
  for (const { user, events = [], lastLogin = '2024-06-28', signup = '2024-01-01' } of people) {
    for (const [index, event] of events.entries()) {
      const [type, time] = event.split(' ') as [string, string];
      if (type === 'plan_change') changes.push(`c-${user}-${index},${user},pro,${time}`);
      else billing.push(`b-${user}-${index},${user},${type},5,${time}`);
    }
    for (const day of datesBetween(signup, lastLogin)) {
      logins.push(`e-${user}-${day},${user},s-${user}-${day},login,${day}T12:00:00Z`);
    }
  }
  await importTables(application, {
    users: [
      'user_id,signup_time,plan',
      ...people.map(({ user, signup = '2024-01-01' }) => `${user},${signup}T00:00:00Z,free`),
    ],
    user_events: ['event_id,user_id,session_id,event_type,event_time', ...logins],
    billing_events: ['event_id,user_id,event_type,amount,event_time', ...billing],
    plan_changes: ['change_id,user_id,plan,event_time', ...changes],
  });
}
