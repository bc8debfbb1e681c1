import type { RawTables } from '../../support/oracle';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import {
  bill,
  cancelled,
  change,
  DAY,
  knowledgeEnds,
  left,
  S,
  signup,
  started,
  T,
  type GoldenCase,
} from './golden-case';

/** A charge of nothing, so that only the state has it. */
const charged = bill('charge_succeeded');
/** A change to the plan that the user has. */
const changed = (eventTime: bigint) => change(eventTime, `c${eventTime}`, 'free');

const GONE = T - 10n * DAY;
const LONG_GONE = T - 400n * DAY;

const present = {};

const cancellationCases: GoldenCase[] = [
  { fact: 'a cancellation at T has ended the subscription', rows: [cancelled(T)], expected: left },
  { fact: 'a cancellation 1 µs before T has, too', rows: [cancelled(T - 1n)], expected: left },
  {
    fact: 'a cancellation 1 µs after T has not yet',
    rows: [cancelled(T + 1n)],
    // The label sees it; the silent user has churned anyway.
    expected: present,
  },
  {
    fact: 'a cancellation of long ago still has',
    rows: [signup(T - 500n * DAY), cancelled(LONG_GONE)],
    expected: { ...left, days_since_last_login: 500 },
  },
  ...['charge_failed', 'refund'].map((type) => ({
    fact: `a ${type} is neither an end nor a return`,
    rows: [cancelled(GONE), bill(type)(T - 40n * DAY), bill(type)(T - 5n * DAY)],
    expected: { ...left, failed_payments_30d: type === 'charge_failed' ? 1 : 0 },
  })),
  ...knowledgeEnds('a cancellation', (arrival) => cancelled(GONE, arrival), {
    known: left,
    unknown: present,
  }),
];

/** A row that brings the subscription back from a cancellation, at once. */
function returns(what: string, row: (eventTime: bigint) => Partial<RawTables>): GoldenCase[] {
  const gone = cancelled(GONE);
  return [
    { fact: `${what} 1 µs after it is a return`, rows: [gone, row(GONE + 1n)], expected: present },
    { fact: `${what} at the same microsecond is none`, rows: [gone, row(GONE)], expected: left },
    { fact: `${what} 1 µs before it is none`, rows: [gone, row(GONE - 1n)], expected: left },
    { fact: `${what} at T is a return`, rows: [gone, row(T)], expected: present },
    { fact: `${what} 1 µs after T is none yet`, rows: [gone, row(T + 1n)], expected: left },
    {
      fact: `${what} is undone by a cancellation 1 µs later`,
      rows: [gone, row(T - DAY), cancelled(T - DAY + 1n)],
      expected: left,
    },
    {
      fact: `${what} between two cancellations does not count for the later one`,
      rows: [cancelled(T - DAY), gone, row(T - 2n * DAY)],
      expected: left,
    },
    {
      fact: `${what} 1 µs after a cancellation of the same day is a return`,
      rows: [row(T - 5n), cancelled(T - 6n), row(T - 9n)],
      expected: present,
    },
    {
      fact: `${what} of the same day as a cancellation after it is none`,
      rows: [row(T - 9n), cancelled(T - 8n), row(T - 10n)],
      expected: left,
    },
  ];
}

const chargeCases: GoldenCase[] = [
  {
    fact: 'a charge 3 days after a cancellation is a final invoice',
    rows: [cancelled(GONE), charged(GONE + 3n * DAY)],
    expected: left,
  },
  {
    fact: 'a charge 1 µs more than 3 days after it is a return',
    rows: [cancelled(GONE), charged(GONE + 3n * DAY + 1n)],
    expected: present,
  },
  {
    fact: 'a charge 1 µs less than 3 days after it is a final invoice',
    rows: [cancelled(GONE), charged(GONE + 3n * DAY - 1n)],
    expected: left,
  },
  {
    fact: 'a charge before a cancellation is none',
    rows: [cancelled(GONE), charged(GONE - 3n * DAY - 1n)],
    expected: left,
  },
  {
    fact: 'the later of two charges counts, in any order',
    rows: [charged(GONE + 4n * DAY), cancelled(GONE), charged(GONE + 2n * DAY)],
    expected: present,
  },
  {
    fact: 'the 3 days are counted from the latest cancellation',
    rows: [cancelled(GONE), cancelled(GONE + 2n * DAY), charged(GONE + 4n * DAY)],
    expected: left,
  },
  {
    fact: 'a charge after 3 days at T is a return',
    rows: [cancelled(T - 3n * DAY - 1n), charged(T)],
    expected: present,
  },
  {
    fact: 'a charge after 3 days 1 µs after T is none yet',
    rows: [cancelled(GONE), charged(T + 1n)],
    expected: left,
  },
  ...knowledgeEnds('a charge', (arrival) => charged(T, arrival), {
    known: present,
    unknown: present,
  }).map(({ rows, ...golden }, index) => ({
    ...golden,
    rows: [cancelled(GONE), ...rows],
    expected: index % 2 === 0 ? present : left,
  })),
  ...[0n, 1n].map((beside) => ({
    fact: `a charge 3 days ${beside === 0n ? '' : 'and 1 µs '}after a cancellation of long ago`,
    rows: [
      signup(T - 500n * DAY),
      charged(LONG_GONE + 3n * DAY + beside),
      cancelled(LONG_GONE),
      charged(LONG_GONE + DAY),
    ],
    expected: { is_subscribed: beside === 1n, days_since_last_login: 500 },
  })),
];

const lateCases: GoldenCase[] = [
  {
    fact: 'a cancellation that arrives after the return it lies before changes nothing',
    rows: [started(T - DAY), cancelled(GONE, { batch: S })],
    expected: present,
  },
  {
    fact: 'a return that only the label knows is none',
    rows: [cancelled(GONE), started(T - DAY, { batch: S + 1 })],
    expected: left,
  },
  {
    fact: 'a cancellation that only the label knows is none, nor is the return after it needed',
    rows: [cancelled(GONE, { batch: S + 1 }), charged(GONE + DAY)],
    expected: present,
  },
];

/** Where microseconds since 1970 no longer fit a double. */
const farCases: GoldenCase[] = ['1600-01-01T00:00:00Z', '2300-01-01T00:00:00Z'].flatMap((at) => {
  const instant = parseInstant(at);
  const later = instant + 40n * DAY;
  const asked = { at: instant, knownAt: later, labelKnownAt: later, completeThrough: later };
  const gone = instant - 5n * DAY;
  return [
    { what: '3 days after', time: gone + 3n * DAY, is_subscribed: false },
    { what: '3 days and 1 µs after', time: gone + 3n * DAY + 1n, is_subscribed: true },
  ].map(({ what, time, is_subscribed }) => ({
    fact: `a charge ${what} a cancellation, near ${at}`,
    rows: [signup(instant - 100n * DAY), cancelled(gone), charged(time)],
    asked,
    expected: { is_subscribed },
  }));
});

/** Each boundary of `is_subscribed`. */
export const stateCases: readonly GoldenCase[] = [
  ...cancellationCases,
  ...returns('a start', started),
  ...returns('a change of plan', changed),
  ...chargeCases,
  ...lateCases,
  ...farCases,
];
