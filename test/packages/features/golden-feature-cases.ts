import {
  DAY,
  T,
  K,
  event,
  login,
  bill,
  failed,
  paid,
  change,
  signup,
  oneSession,
  type GoldenCase,
  windowEnds,
  knowledgeEnds,
  kept,
} from './golden-case';
import type { RawTables } from '../../support/oracle';

/** A user with one event, and the one who is asked about. */
function ofAnotherUser(eventTime: bigint, sessionId: string): Partial<RawTables> {
  const userId = 'another';
  const signupTime = T - 100n * DAY;
  const arrival = { ingestedAt: eventTime, batch: 1 };
  return {
    users: [
      { userId, plan: 'free', signupTime, ingestedAt: signupTime, batch: 1 },
      ...signup(signupTime).users,
    ],
    userEvents: [{ userId, sessionId, eventType: 'page_view', eventTime, ...arrival }],
  };
}

const userCases: GoldenCase[] = [
  { fact: 'a silent user has defaults', rows: [], expected: {} },
  {
    fact: 'a signup at T is visible',
    rows: [signup(T)],
    expected: { days_since_last_login: 0 },
  },
  { fact: 'a signup 1 µs after T is not visible', rows: [signup(T + 1n)], expected: undefined },
  {
    fact: 'a signup 1 µs less than two days before T was one whole day ago',
    rows: [signup(T - 2n * DAY + 1n)],
    expected: { days_since_last_login: 1 },
  },
  {
    fact: 'a signup 1 µs less than 19,000 days before T was 18,999 whole days ago',
    rows: [signup(T - 19_000n * DAY + 1n)],
    expected: { days_since_last_login: 18_999 },
  },
  ...knowledgeEnds('a user', (arrival) => signup(T - 100n * DAY, arrival), {
    known: {},
    unknown: undefined,
  }),
];

const sessionCases: GoldenCase[] = [
  { fact: 'an event at T − 30 d does not count', rows: [event(T - 30n * DAY)], expected: {} },
  {
    fact: 'an event 1 µs after T − 30 d counts in 30 days',
    rows: [event(T - 30n * DAY + 1n)],
    expected: { sessions_30d: 1 },
  },
  {
    fact: 'an event 1 µs before T − 30 d does not count',
    rows: [event(T - 30n * DAY - 1n)],
    expected: {},
  },
  { fact: 'an event at T counts, and not for the label', rows: [event(T)], expected: oneSession },
  { fact: 'an event 1 µs before T counts', rows: [event(T - 1n)], expected: oneSession },
  {
    fact: 'an event 1 µs after T counts for the label only',
    rows: [event(T + 1n)],
    expected: kept,
  },
  {
    fact: 'an event at T − 7 d counts in 30 days, not in 7',
    rows: [event(T - 7n * DAY)],
    expected: { sessions_30d: 1 },
  },
  {
    fact: 'an event 1 µs after T − 7 d counts in 7 days',
    rows: [event(T - 7n * DAY + 1n)],
    expected: oneSession,
  },
  {
    fact: 'an event 1 µs before T − 7 d does not count in 7 days',
    rows: [event(T - 7n * DAY - 1n)],
    expected: { sessions_30d: 1 },
  },
  {
    fact: 'a session over midnight counts once',
    rows: [
      event(T - DAY - 1n, { sessionId: 'night' }),
      event(T - DAY, { sessionId: 'night' }),
      event(T - DAY + 1n, { sessionId: 'night' }),
    ],
    expected: oneSession,
  },
  {
    fact: 'a session that comes back days later counts once',
    rows: [event(T - 6n * DAY, { sessionId: 'long' }), event(T - 1n * DAY, { sessionId: 'long' })],
    expected: oneSession,
  },
  {
    fact: 'a session of the first day of its window and of the last counts once',
    rows: [event(T - 30n * DAY + 1n, { sessionId: 'long' }), event(T - 1n, { sessionId: 'long' })],
    expected: oneSession,
  },
  {
    fact: 'a session that began before the window counts by its later events',
    rows: [
      event(T - 7n * DAY - 1n, { sessionId: 'edge' }),
      event(T - 7n * DAY + 1n, { sessionId: 'edge' }),
    ],
    expected: oneSession,
  },
  {
    fact: 'a session counts by its event 1 µs after the start of the window, not by the one at it',
    rows: [
      event(T - 7n * DAY, { sessionId: 'edge' }),
      event(T - 7n * DAY + 1n, { sessionId: 'edge' }),
    ],
    expected: oneSession,
  },
  {
    fact: 'a session counts though the event before it is of another user and the same session id',
    rows: [ofAnotherUser(T - DAY, 'shared'), event(T - DAY, { sessionId: 'shared' })],
    expected: oneSession,
  },
  {
    fact: 'a session with an unknown later event counts by the known one alone',
    rows: [
      event(T - 8n * DAY, { sessionId: 'half' }),
      event(T - 1n * DAY, { sessionId: 'half', ingestedAt: K + 1n }),
    ],
    expected: { sessions_30d: 1 },
  },
  {
    fact: 'two sessions at one instant count twice',
    rows: [event(T - DAY, { sessionId: 'a' }), event(T - DAY, { sessionId: 'b' })],
    expected: { avg_sessions_7d: 2 / 7, sessions_30d: 2 },
  },
  ...knowledgeEnds('an event', (arrival) => event(T - 1n, arrival), {
    known: oneSession,
    unknown: {},
  }),
];

const loginCases: GoldenCase[] = [
  {
    fact: 'a login counts among other events of its session',
    rows: [
      event(T - 3n, { sessionId: 's' }),
      event(T - 2n, { sessionId: 's', eventType: 'login' }),
      event(T - 1n, { sessionId: 's' }),
    ],
    expected: { ...oneSession, days_since_last_login: 0 },
  },
  {
    fact: 'a login at T was 0 days ago',
    rows: [login(T)],
    expected: { ...oneSession, days_since_last_login: 0 },
  },
  {
    fact: 'a login 1 µs after T is not seen',
    rows: [login(T + 1n)],
    expected: kept,
  },
  {
    fact: 'a login 24 h before T was 1 day ago',
    rows: [login(T - DAY)],
    expected: { ...oneSession, days_since_last_login: 1 },
  },
  {
    fact: 'a login 1 µs less than 24 h before T was 0 days ago',
    rows: [login(T - DAY + 1n)],
    expected: { ...oneSession, days_since_last_login: 0 },
  },
  {
    fact: 'a login 1 µs more than 24 h before T was 1 day ago',
    rows: [login(T - DAY - 1n)],
    expected: { ...oneSession, days_since_last_login: 1 },
  },
  {
    fact: 'a login long before every window is still the last one',
    rows: [login(T - 95n * DAY)],
    expected: { days_since_last_login: 95 },
  },
  {
    fact: 'the later of two logins is the last, whichever was ingested last',
    rows: [login(T - 2n * DAY), login(T - 50n * DAY, { ingestedAt: K })],
    expected: { ...oneSession, days_since_last_login: 2 },
  },
  ...knowledgeEnds('a login', (arrival) => login(T - 2n * DAY, arrival), {
    known: { ...oneSession, days_since_last_login: 2 },
    unknown: {},
  }),
];

const paymentCases: GoldenCase[] = [
  ...windowEnds('a failed charge', 30n, (at) => failed(at), {
    inside: { failed_payments_30d: 1 },
    outside: {},
  }),
  ...knowledgeEnds('a failed charge', (arrival) => failed(T - DAY, arrival), {
    known: { failed_payments_30d: 1 },
    unknown: {},
  }),
  ...windowEnds('a charge', 90n, (at) => paid(at), {
    inside: { total_spend_90d: 9.99 },
    outside: {},
  }),
  ...knowledgeEnds('a charge', (arrival) => paid(T - DAY, arrival), {
    known: { total_spend_90d: 9.99 },
    unknown: {},
  }),
  {
    fact: 'charges of 10 and 20 cents are 0.3, from exact cents',
    rows: [10n, 20n].map((cents) => bill('charge_succeeded')(T - DAY, {}, cents)),
    expected: { total_spend_90d: 0.3 },
  },
  {
    fact: 'a refund changes nothing',
    rows: [paid(T - DAY), bill('refund')(T - DAY, {}, 999n)],
    expected: { total_spend_90d: 9.99 },
  },
];

const pro = { is_pro_plan: true };

const planCases: GoldenCase[] = [
  { fact: 'a change at T is in force', rows: [change(T, 'c1', 'pro')], expected: pro },
  { fact: 'a change 1 µs after T is not', rows: [change(T + 1n, 'c1', 'pro')], expected: {} },
  {
    fact: 'without a change the plan at signup is in force',
    rows: [signup(T - 100n * DAY, { plan: 'pro' })],
    expected: pro,
  },
  {
    fact: 'a change away from the plan at signup is in force',
    rows: [signup(T - 100n * DAY, { plan: 'pro' }), change(T - DAY, 'c1', 'basic')],
    expected: {},
  },
  {
    fact: 'of two changes at one instant the greater id is in force',
    rows: [change(T - DAY, 'c1', 'free'), change(T - DAY, 'c2', 'pro')],
    expected: pro,
  },
  {
    fact: 'of two changes at one instant the greater id is in force, written first',
    rows: [change(T - DAY, 'c2', 'pro'), change(T - DAY, 'c1', 'free')],
    expected: pro,
  },
  {
    fact: 'of two changes at one instant the lesser id is not in force',
    rows: [change(T - DAY, 'c1', 'pro'), change(T - DAY, 'c2', 'free')],
    expected: {},
  },
  {
    fact: 'of two changes at one instant the lesser id is not in force, written last',
    rows: [change(T - DAY, 'c2', 'free'), change(T - DAY, 'c1', 'pro')],
    expected: {},
  },
  {
    fact: 'ids at one instant are ordered bytewise: c10 before c2',
    rows: [change(T - DAY, 'c2', 'pro'), change(T - DAY, 'c10', 'free')],
    expected: pro,
  },
  {
    fact: 'ids at one instant are ordered bytewise: Z before a',
    rows: [change(T - DAY, 'a', 'pro'), change(T - DAY, 'Z', 'free')],
    expected: pro,
  },
  {
    fact: 'ids order only changes of one instant',
    rows: [change(T - DAY, 'c1', 'pro'), change(T - DAY - 1n, 'c2', 'free')],
    expected: pro,
  },
  {
    fact: 'a change that is late does not undo a later one',
    rows: [change(T - DAY, 'c1', 'pro'), change(T - 2n * DAY, 'c2', 'free', { ingestedAt: K })],
    expected: pro,
  },
  {
    fact: 'a change at the same instant that is not known yet does not decide',
    rows: [change(T - DAY, 'c1', 'pro'), change(T - DAY, 'c2', 'free', { ingestedAt: K + 1n })],
    expected: pro,
  },
  ...knowledgeEnds('a change', (arrival) => change(T - DAY, 'c1', 'pro', arrival), {
    known: pro,
    unknown: {},
  }),
];

/** Each boundary of the features' windows and of (K, S). */
export const featureCases: readonly GoldenCase[] = [
  ...userCases,
  ...sessionCases,
  ...loginCases,
  ...paymentCases,
  ...planCases,
];
