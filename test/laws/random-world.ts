import fc from 'fast-check';
import { momentOf, type Grid, type KnowledgeMicros } from '../../packages/features/grid/grid';
import type { RawTables } from '../support/oracle';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../packages/instants/epoch-micros';
import { midnightOf } from '../../packages/instants/logical-date';

/** Days are counted from here; a leap day follows. */
export const BASE = midnightOf('2024-02-20');
export const BATCHES = 3;

const DAY = MICROS_PER_DAY;
const HOUR = MICROS_PER_HOUR;

/**
 * Ids of users, from 6 bytes to 512. Bytewise, the emoji comes after the katakana, which JavaScript
 * puts last, and u10 before u2.
 */
export const userIds = ['😀2', 'ﾕ10', 'u2', `u10-${'𝒳'.repeat(124)}`] as const;

/** Ids of sessions; two are longer than the 12 bytes that DuckDB keeps inside a value. */
const sessionIds = ['s', 's2-4c1f0f6e-7a0d-4d6b-9f55-2f8c3b1e0a77', `s3-${'x'.repeat(125)}`];

/** Ids of plan changes, of which the bytewise last decides at one instant; c10 comes before c2. */
const changeIds = ['c10', 'c2', '😀1', 'ﾁ1'];

const edge = fc.constantFrom(0n, 0n, 0n, 1n, -1n, 23n * HOUR);

/** Instants on the edges that windows have, or a microsecond beside them. */
const boundaryInstant = fc
  .record({
    day: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(0, 1, 2, -1, -6, -7, -30, -90, 29, 30, 31, 32) },
      { weight: 1, arbitrary: fc.integer({ min: -95, max: 45 }) },
    ),
    edge,
  })
  .map(({ day, edge: beside }) => BASE + BigInt(day) * DAY + beside);

/** When a row becomes known: soon, some time late, or at or beside a moment that may be K or L. */
const arrival = fc.record({
  known: fc.oneof(
    fc.record({ after: fc.constantFrom(0n, 0n, 1n, HOUR, DAY, 20n * DAY) }),
    fc
      .record({
        day: fc.constantFrom(0n, 1n, 2n, 8n, 29n, 30n, 40n),
        hours: fc.constantFrom(0n, 1n),
        beside: fc.constantFrom(0n, 1n, -1n),
      })
      .map(({ day, hours, beside }) => ({ at: BASE + day * DAY + hours * HOUR + beside })),
  ),
  batch: fc.integer({ min: 1, max: BATCHES }),
});

type Arriving = typeof arrival extends fc.Arbitrary<infer A> ? A : never;

function arrived(time: bigint, { known, batch }: Arriving) {
  const at = 'at' in known ? known.at : time + known.after;
  return { ingestedAt: at < time ? time : at, batch };
}

const plan = fc.constantFrom('free', 'pro');

/** A cancellation, and what may be a return from it, at or beside the moment from which it is one. */
const departure = fc.record({
  time: boundaryInstant,
  arrival,
  back: fc.option(
    fc.record({
      by: fc.constantFrom('charge_succeeded', 'subscription_started', 'a change of plan'),
      days: fc.constantFrom(0n, 3n, 3n, 4n),
      beside: fc.constantFrom(0n, 1n, -1n),
      plan,
      arrival,
    }),
  ),
});

/** What one user did, in no order; events of a session may lie on both sides of any window. */
const history = fc.record({
  signup: fc.record({ day: fc.integer({ min: -120, max: 6 }), edge, plan, arrival }),
  changes: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom(...changeIds),
      plan,
      // Few instants, so that several changes fall on one.
      time: fc.oneof(fc.constantFrom(BASE, BASE - DAY), boundaryInstant),
      arrival,
    }),
    { selector: ({ id }) => id, maxLength: 4 },
  ),
  events: fc.array(
    fc.record({
      session: fc.constantFrom(...sessionIds),
      type: fc.constantFrom('login', 'page_view'),
      time: boundaryInstant,
      arrival,
    }),
    { maxLength: 12 },
  ),
  bills: fc.array(
    fc.record({
      type: fc.constantFrom(
        'charge_succeeded',
        'charge_failed',
        'refund',
        'subscription_started',
        'subscription_cancelled',
      ),
      cents: fc.oneof(fc.constantFrom(10n, 20n), fc.bigInt({ min: 0n, max: 10_000_000n })),
      time: boundaryInstant,
      arrival,
    }),
    { maxLength: 7 },
  ),
  departures: fc.array(departure, { maxLength: 2 }),
});

type History = typeof history extends fc.Arbitrary<infer H> ? H : never;

/** The cancellations and returns of a user, among the bills and changes that there are. */
function withDepartures({ departures, ...user }: History) {
  const returns = departures.flatMap(({ time, back }, index) =>
    back ? [{ ...back, id: `r${index}`, time: time + back.days * DAY + back.beside }] : [],
  );
  const isChange = ({ by }: { by: string }) => by === 'a change of plan';
  return {
    ...user,
    changes: [...user.changes, ...returns.filter(isChange)],
    bills: [
      ...user.bills,
      ...departures.map((gone) => ({ ...gone, type: 'subscription_cancelled', cents: 0n })),
      ...returns
        .filter((back) => !isChange(back))
        .map((back) => ({ ...back, type: back.by, cents: 10n })),
    ],
  };
}

function tablesOf(histories: readonly History[]): RawTables {
  const all = histories.map((user, index) => ({
    userId: userIds[index]!,
    ...withDepartures(user),
  }));
  return {
    users: all.map(({ userId, signup }) => {
      const signupTime = BASE + BigInt(signup.day) * DAY + signup.edge;
      return { userId, signupTime, plan: signup.plan, ...arrived(signupTime, signup.arrival) };
    }),
    planChanges: all.flatMap(({ userId, changes }) =>
      changes.map(({ id, time, arrival: known, plan: changedTo }) => {
        const changeId = `${userId}-${id}`;
        return { changeId, userId, plan: changedTo, eventTime: time, ...arrived(time, known) };
      }),
    ),
    userEvents: all.flatMap(({ userId, events }) =>
      events.map(({ session, type, time, arrival: known }) => {
        const event = { userId, sessionId: session, eventType: type, eventTime: time };
        return { ...event, ...arrived(time, known) };
      }),
    ),
    billingEvents: all.flatMap(({ userId, bills }) =>
      bills.map(({ type, cents, time, arrival: known }) => {
        const bill = { userId, eventType: type, amountCents: cents, eventTime: time };
        return { ...bill, ...arrived(time, known) };
      }),
    ),
  };
}

const histories = (users: { min: number; max: number }) =>
  fc.array(history, { minLength: users.min, maxLength: users.max, size: 'max' });

/** Raw tables of a few users; shrinks to fewer users with fewer rows. */
export const randomWorld: fc.Arbitrary<RawTables> = histories({ min: 1, max: 4 }).map(tablesOf);

/** Two worlds of the same users. */
export const twoWorlds: fc.Arbitrary<readonly [RawTables, RawTables]> = fc
  .array(fc.tuple(history, history), { minLength: 1, maxLength: 4, size: 'max' })
  .map((pairs) => [tablesOf(pairs.map(([one]) => one)), tablesOf(pairs.map(([, other]) => other))]);

/** How K and S go on from one moment to the next. */
const step = fc.record({
  at: fc.constantFrom(0n, HOUR, DAY, DAY, DAY + 1n),
  batch: fc.constantFrom(0, 0, 1),
});

const knownAfter = fc.constantFrom(0n, 1n, HOUR, 40n * DAY, -DAY);

/**
 * Some moments, with one knowledge for all (that of the label, or another), that of a daily run
 * each, or any that rises.
 */
function gridFrom(offset: fc.Arbitrary<bigint>): fc.Arbitrary<Grid> {
  return fc
    .record({
      offset,
      count: fc.constantFrom(1, 2, 3, 9),
      kind: fc.constantFrom('as the label', 'at L', 'one', 'as-served', 'rising' as const),
      steps: fc.array(step, { minLength: 9, maxLength: 9 }),
      knownAfter,
      batch: fc.integer({ min: 1, max: BATCHES }),
      label: fc.record({
        after: fc.constantFrom(29n, 30n, 31n, 38n, 45n),
        beside: fc.constantFrom(0n, 0n, 1n, -1n, HOUR),
        batch: fc.integer({ min: 1, max: BATCHES }),
        completeAfter: fc.constantFrom(60n, 30n, 36n, 38n, null),
      }),
    })
    .map((asked) => {
      const first = BASE + asked.offset;
      const { after, beside, completeAfter } = asked.label;
      const at = first + after * DAY + beside;
      const completeThrough = completeAfter === null ? null : first + completeAfter * DAY + beside;
      const { batch } = asked.label;
      return {
        first,
        count: asked.count,
        knowledge: knowledgeOf(first, asked, { at, batch }),
        label: { at, batch, completeThrough },
      };
    });
}

function knowledgeOf(
  first: bigint,
  asked: {
    count: number;
    kind: string;
    steps: readonly { at: bigint; batch: number }[];
    knownAfter: bigint;
    batch: number;
  },
  label: KnowledgeMicros,
): Grid['knowledge'] {
  const { count, kind, steps, batch } = asked;
  if (kind === 'as the label') return [label];
  // Two loads at one moment.
  if (kind === 'at L') return [{ at: label.at, batch }];
  const last = first + BigInt(count - 1) * DAY;
  if (kind === 'one') return [{ at: last + asked.knownAfter, batch }];
  const known = [{ at: first + asked.knownAfter, batch: kind === 'rising' ? batch : 1 }];
  for (const rise of steps.slice(1, count)) {
    const before = known.at(-1)!;
    known.push({
      at: before.at + (kind === 'rising' ? rise.at : DAY),
      batch: Math.min(before.batch + rise.batch, BATCHES),
    });
  }
  return known;
}

/** Moments of any microsecond. */
export const randomGrid = gridFrom(fc.constantFrom(0n, 0n, 1n, -1n, 12_345_678_901n));

/** Midnights, which partitions are made of. */
export const midnightGrid = gridFrom(fc.constant(0n));

/** T, K and S of moment i. */
export function knowledgeAt(grid: Grid, index: number) {
  const { at, batch } = grid.knowledge[grid.knowledge.length === 1 ? 0 : index]!;
  return { at: momentOf(grid, index), knownAt: at, batch };
}
