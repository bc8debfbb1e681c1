import type { naiveVector, RawTables } from '../../support/oracle';
import {
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  parseInstant,
} from '../../../packages/instants/epoch-micros';

export const DAY = MICROS_PER_DAY;
export const USER = 'u';
export const T = parseInstant('2024-03-10T00:00:00Z');
export const K = T + 3_600n * MICROS_PER_SECOND;
export const S = 2;
export const L = T + 40n * DAY;
export const LABEL_S = 3;

export type Row<Table extends keyof RawTables> = RawTables[Table][number];
export type Question = Parameters<typeof naiveVector>[2];

/** When a row became known; by default with its event, in batch 1. */
export interface Arrival {
  readonly ingestedAt?: bigint;
  readonly batch?: number;
}

const arrived = (eventTime: bigint, { ingestedAt = eventTime, batch = 1 }: Arrival) => ({
  userId: USER,
  ingestedAt,
  batch,
});

export const event = (eventTime: bigint, more: Arrival & Partial<Row<'userEvents'>> = {}) => ({
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

export const login = (eventTime: bigint, arrival: Arrival = {}) =>
  event(eventTime, { eventType: 'login', ...arrival });

export const bill =
  (eventType: string) =>
  (eventTime: bigint, arrival: Arrival = {}, cents = 0n) => ({
    billingEvents: [{ eventType, amountCents: cents, eventTime, ...arrived(eventTime, arrival) }],
  });

export const failed = bill('charge_failed');
export const cancelled = bill('subscription_cancelled');
export const started = bill('subscription_started');
export const paid = (eventTime: bigint, arrival: Arrival = {}) =>
  bill('charge_succeeded')(eventTime, arrival, 999n);

export const change = (
  eventTime: bigint,
  changeId: string,
  plan: string,
  arrival: Arrival = {},
) => ({
  planChanges: [{ changeId, plan, eventTime, ...arrived(eventTime, arrival) }],
});

export const signup = (
  signupTime: bigint,
  { plan = 'free', ...arrival }: Arrival & { plan?: string } = {},
) => ({
  users: [{ plan, signupTime, ...arrived(signupTime, arrival) }],
});

/** Signed up 100 days before T on the free plan, and then did nothing. */
export const silent = {
  avg_sessions_7d: 0,
  sessions_30d: 0,
  days_since_last_login: 100,
  failed_payments_30d: 0,
  total_spend_90d: 0,
  is_pro_plan: false,
  label_churned_30d: true as boolean | null,
  is_subscribed: true,
};

/** What one event in the last 7 days, other than a login, makes of that. */
export const oneSession = { avg_sessions_7d: 1 / 7, sessions_30d: 1 };

export interface GoldenCase {
  readonly fact: string;
  /** In physical order; a signup 100 days before T is added where there is none. */
  readonly rows: readonly Partial<RawTables>[];
  /** What differs from (T, K, S, L, …) above. */
  readonly asked?: Partial<Question>;
  /** What differs from the silent user; undefined: the user is not visible. */
  readonly expected: Partial<typeof silent> | undefined;
}

/** A row at each instant around both ends of a window (T − W, T], and whether it is inside. */
export function windowEnds(
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
export function knowledgeEnds(
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
export function labelKnowledgeEnds(
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

/** Has cancelled and not come back. */
export const left = { is_subscribed: false };

/** Has an event in the 30 days after T. */
export const kept = { label_churned_30d: false };

export function rawTablesOf({ rows }: GoldenCase): RawTables {
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
