import type { DuckDb } from '../../../packages/duckdb';
import {
  computeVectors,
  featureSet,
  naiveVector,
  type RawTables,
} from '../../../packages/features';
import { MICROS_PER_DAY, MICROS_PER_SECOND, parseInstant } from '../../../packages/instants';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb, writeRawLog } from './raw-log-fixture';

const DAY = MICROS_PER_DAY;
const USER = 'u';
const T = parseInstant('2024-03-10T00:00:00Z');
const K = T + 3_600n * MICROS_PER_SECOND;
const S = 2;
const L = T + 40n * DAY;
const LABEL_S = 3;
const LEAP_DAY = parseInstant('2024-02-29T00:00:00Z');
const AFTER_LEAP_DAY = parseInstant('2024-03-01T00:00:00Z');

type Row<Table extends keyof RawTables> = RawTables[Table][number];
type Question = Parameters<typeof naiveVector>[1];

/** When a row became known; by default with its event, in batch 1. */
interface Arrival {
  readonly ingestedAt?: bigint;
  readonly batch?: number;
}

const arrived = (eventTime: bigint, { ingestedAt = eventTime, batch = 1 }: Arrival) => ({
  userId: USER,
  ingestedAt,
  batch,
});

const event = (eventTime: bigint, more: Arrival & Partial<Row<'userEvents'>> = {}) => ({
  userEvents: [
    {
      sessionId: `s${eventTime}`,
      eventType: 'page_view',
      ...more,
      eventTime,
      ...arrived(eventTime, more),
    },
  ],
});

const login = (eventTime: bigint, arrival: Arrival = {}) =>
  event(eventTime, { eventType: 'login', ...arrival });

const bill =
  (eventType: string) =>
  (eventTime: bigint, arrival: Arrival = {}, cents = 0n) => ({
    billingEvents: [{ eventType, amountCents: cents, eventTime, ...arrived(eventTime, arrival) }],
  });

const failed = bill('charge_failed');
const cancelled = bill('subscription_cancelled');
const paid = (eventTime: bigint, arrival: Arrival = {}) =>
  bill('charge_succeeded')(eventTime, arrival, 999n);

const change = (eventTime: bigint, changeId: string, plan: string, arrival: Arrival = {}) => ({
  planChanges: [{ changeId, plan, eventTime, ...arrived(eventTime, arrival) }],
});

const signup = (
  signupTime: bigint,
  { plan = 'free', ...arrival }: Arrival & { plan?: string } = {},
) => ({
  users: [{ plan, signupTime, ...arrived(signupTime, arrival) }],
});

/** Signed up 100 days before T on the free plan, and then did nothing. */
const silent = {
  avg_sessions_7d: 0,
  sessions_30d: 0,
  days_since_last_login: 100,
  failed_payments_30d: 0,
  total_spend_90d: 0,
  is_pro_plan: false,
  label_churned_30d: true as boolean | null,
};

/** What one event in the last 7 days, other than a login, makes of that. */
const oneSession = { avg_sessions_7d: 1 / 7, sessions_30d: 1 };

interface GoldenCase {
  readonly fact: string;
  /** In physical order; a signup 100 days before T is added where there is none. */
  readonly rows: readonly Partial<RawTables>[];
  /** What differs from (T, K, S, L, …) above. */
  readonly asked?: Partial<Question>;
  /** What differs from the silent user; undefined: the user is not visible. */
  readonly expected: Partial<typeof silent> | undefined;
}

/** A row at each instant around both ends of a window (T − W, T], and whether it is inside. */
function windowEnds(
  what: string,
  days: bigint,
  row: (eventTime: bigint) => Partial<RawTables>,
  expected: { inside: Partial<typeof silent>; outside: Partial<typeof silent> },
): GoldenCase[] {
  const { inside, outside } = expected;
  const start = T - days * DAY;
  return [
    { fact: `${what} at T counts`, rows: [row(T)], expected: inside },
    { fact: `${what} 1 µs before T counts`, rows: [row(T - 1n)], expected: inside },
    { fact: `${what} 1 µs after T does not count`, rows: [row(T + 1n)], expected: outside },
    { fact: `${what} at T − ${days} d does not count`, rows: [row(start)], expected: outside },
    { fact: `${what} 1 µs after T − ${days} d counts`, rows: [row(start + 1n)], expected: inside },
    {
      fact: `${what} 1 µs before T − ${days} d does not count`,
      rows: [row(start - 1n)],
      expected: outside,
    },
  ];
}

/** A row that is known just in time, and just too late, for the features. */
function knowledgeEnds(
  what: string,
  row: (arrival: Arrival) => Partial<RawTables>,
  expected: {
    known: Partial<typeof silent> | undefined;
    unknown: Partial<typeof silent> | undefined;
  },
): GoldenCase[] {
  const { known, unknown } = expected;
  return [
    { fact: `${what} ingested at K is known`, rows: [row({ ingestedAt: K })], expected: known },
    {
      fact: `${what} ingested 1 µs after K is not known`,
      rows: [row({ ingestedAt: K + 1n })],
      expected: unknown,
    },
    { fact: `${what} of batch S is known`, rows: [row({ batch: S })], expected: known },
    {
      fact: `${what} of batch S + 1 is not known`,
      rows: [row({ batch: S + 1 })],
      expected: unknown,
    },
  ];
}

/** A row of the label's horizon that is known just in time, and just too late, for the label. */
function labelKnowledgeEnds(
  what: string,
  rows: (arrival: Arrival) => Partial<RawTables>[],
  label: { known: boolean; unknown: boolean },
): GoldenCase[] {
  const known = { label_churned_30d: label.known };
  const unknown = { label_churned_30d: label.unknown };
  return [
    { fact: `${what} ingested at L counts`, rows: rows({ ingestedAt: L }), expected: known },
    {
      fact: `${what} ingested 1 µs after L does not count`,
      rows: rows({ ingestedAt: L + 1n }),
      expected: unknown,
    },
    {
      fact: `${what} of the label's batch counts, though it is after the features' S`,
      rows: rows({ batch: LABEL_S }),
      expected: known,
    },
    {
      fact: `${what} of the batch after the label's does not count`,
      rows: rows({ batch: LABEL_S + 1 }),
      expected: unknown,
    },
  ];
}

const soon = T + DAY;
const end = T + 30n * DAY;
const kept = { label_churned_30d: false };

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
    fact: 'a session that began before the window counts by its later events',
    rows: [
      event(T - 7n * DAY - 1n, { sessionId: 'edge' }),
      event(T - 7n * DAY + 1n, { sessionId: 'edge' }),
    ],
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

const labelCases: GoldenCase[] = [
  { fact: 'an event at T + 30 d keeps the user', rows: [event(end)], expected: kept },
  { fact: 'an event 1 µs after T + 30 d does not', rows: [event(end + 1n)], expected: {} },
  { fact: 'an event 1 µs before T + 30 d does', rows: [event(end - 1n)], expected: kept },
  ...labelKnowledgeEnds('an event of the horizon', (arrival) => [event(soon, arrival)], {
    known: false,
    unknown: true,
  }),
  {
    fact: 'a cancellation at T is past',
    rows: [event(soon), cancelled(T)],
    expected: kept,
  },
  {
    fact: 'a cancellation 1 µs after T is churn',
    rows: [event(soon), cancelled(T + 1n)],
    expected: {},
  },
  {
    fact: 'a cancellation at T + 30 d is churn',
    rows: [event(soon), cancelled(end)],
    expected: {},
  },
  {
    fact: 'a cancellation 1 µs after T + 30 d is not',
    rows: [event(soon), cancelled(end + 1n)],
    expected: kept,
  },
  ...labelKnowledgeEnds(
    'a cancellation of the horizon',
    (arrival) => [event(soon), cancelled(soon, arrival)],
    { known: true, unknown: false },
  ),
  {
    fact: 'a failed charge in the horizon is not churn',
    rows: [event(soon), failed(soon)],
    expected: kept,
  },
];

const maturityCases: GoldenCase[] = [
  ['the source is complete through T + 30 d', { completeThrough: end }, false],
  ['the source is complete through 1 µs less', { completeThrough: end - 1n }, null],
  ['nothing says how far the source is complete', { completeThrough: null }, null],
  ['L is T + 30 d', { labelKnownAt: end }, false],
  ['L is 1 µs less', { labelKnownAt: end - 1n }, null],
].map(([when, asked, label]) => ({
  fact: `the label is ${String(label)} when ${String(when)}, an event deciding it already`,
  rows: [event(soon)],
  asked: asked as Partial<Question>,
  expected: { label_churned_30d: label as boolean | null },
}));

const leapCases: GoldenCase[] = [
  {
    fact: 'the leap day is a day: from February 28 to March 1 are two',
    rows: [login(LEAP_DAY - DAY)],
    asked: { at: AFTER_LEAP_DAY },
    expected: { ...oneSession, days_since_last_login: 2 },
  },
  {
    fact: '30 days before March 1 of a leap year is January 31',
    rows: [event(parseInstant('2024-01-31T00:00:00Z'))],
    asked: { at: AFTER_LEAP_DAY },
    expected: { days_since_last_login: 91 },
  },
  {
    fact: 'and 1 µs later is inside',
    rows: [event(parseInstant('2024-01-31T00:00:00.000001Z'))],
    asked: { at: AFTER_LEAP_DAY },
    expected: { days_since_last_login: 91, sessions_30d: 1 },
  },
  {
    fact: 'the horizon of the leap day ends on March 30',
    rows: [event(parseInstant('2024-03-30T00:00:00Z'))],
    asked: { at: LEAP_DAY },
    expected: { days_since_last_login: 90, ...kept },
  },
];

const allCases = [
  ...userCases,
  ...sessionCases,
  ...loginCases,
  ...paymentCases,
  ...planCases,
  ...labelCases,
  ...maturityCases,
  ...leapCases,
];

function rawTablesOf({ rows }: GoldenCase): RawTables {
  const all = <Table extends keyof RawTables>(table: Table) =>
    rows.flatMap((row) => (row[table] ?? []) as Row<Table>[]);
  const users = all('users');
  return {
    users: users.length > 0 ? users : signup(T - 100n * DAY).users,
    planChanges: all('planChanges'),
    userEvents: all('userEvents'),
    billingEvents: all('billingEvents'),
  };
}

describe('at the boundaries of time and knowledge', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;
  let written = 0;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it.each(allCases)('$fact', async (golden) => {
    const raw = rawTablesOf(golden);
    const question: Question = {
      userId: USER,
      at: T,
      knownAt: K,
      batch: S,
      labelKnownAt: L,
      labelBatch: LABEL_S,
      completeThrough: L,
      ...golden.asked,
    };
    const expected = golden.expected && { ...silent, ...golden.expected };
    expect(oracleSays(raw, question)).toEqual(expected);
    const segments = await writeRawLog(duckDb, `${scratch.path}/case${(written += 1)}`, raw);
    expect(await engineSays(segments, question, 0)).toEqual(expected);
    expect(await engineSays(segments, question, 2)).toEqual(expected);
  });

  function oracleSays(raw: RawTables, question: Question) {
    const answer = naiveVector(raw, question);
    return answer && { ...answer.features, label_churned_30d: answer.label };
  }

  /** The engine's row at T, computed alone or among as many moments before it and after it. */
  async function engineSays(segments: SegmentFiles, question: Question, around: number) {
    const { at, knownAt, batch, labelKnownAt, labelBatch, completeThrough } = question;
    await computeVectors(duckDb, {
      featureSet,
      segments,
      grid: {
        first: at - BigInt(around) * DAY,
        count: 1 + 2 * around,
        knowledge: [{ at: knownAt, batch }],
        label: { at: labelKnownAt, batch: labelBatch, completeThrough },
      },
    });
    const names = Object.keys(silent).join(', ');
    const [row] = await duckDb.rows(`SELECT ${names} FROM vectors WHERE i = ${around}`);
    return row;
  }
});
