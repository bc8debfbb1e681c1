import { parseInstant } from '../../../packages/instants/epoch-micros';
import {
  DAY,
  L,
  T,
  event,
  login,
  failed,
  cancelled,
  oneSession,
  type GoldenCase,
  labelKnowledgeEnds,
  kept,
  left,
} from './golden-case';

const soon = T + DAY;
const end = T + 30n * DAY;

const LEAP_DAY = parseInstant('2024-02-29T00:00:00Z');
const AFTER_LEAP_DAY = parseInstant('2024-03-01T00:00:00Z');

const horizonCases: GoldenCase[] = [
  { fact: 'an event at T + 30 d keeps the user', rows: [event(end)], expected: kept },
  { fact: 'an event 1 µs after T + 30 d does not', rows: [event(end + 1n)], expected: {} },
  { fact: 'an event 1 µs before T + 30 d does', rows: [event(end - 1n)], expected: kept },
  ...labelKnowledgeEnds('an event of the horizon', (arrival) => [event(soon, arrival)], {
    known: false,
    unknown: true,
  }),
  {
    fact: 'an event that only the features know does not keep the user',
    rows: [event(soon, { ingestedAt: L + 1n })],
    asked: { knownAt: L + 1n },
    expected: {},
  },
  {
    fact: 'an event that the label knows counts, though the one before it only the features know',
    rows: [
      event(soon + 1n, { sessionId: 's', ingestedAt: L + 1n }),
      event(soon + 2n, { sessionId: 's' }),
    ],
    asked: { knownAt: L + 1n },
    expected: kept,
  },
  {
    fact: 'a cancellation at T is past',
    rows: [event(soon), cancelled(T)],
    expected: { ...kept, ...left },
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
  {
    when: 'the source is complete through T + 30 d',
    asked: { completeThrough: end },
    label: false,
  },
  {
    when: 'the source is complete through 1 µs less',
    asked: { completeThrough: end - 1n },
    label: null,
  },
  {
    when: 'nothing says how far the source is complete',
    asked: { completeThrough: null },
    label: null,
  },
  { when: 'L is T + 30 d', asked: { labelKnownAt: end }, label: false },
  { when: 'L is 1 µs less', asked: { labelKnownAt: end - 1n }, label: null },
].map(({ when, asked, label }) => ({
  fact: `the label is ${label} when ${when}, an event deciding it already`,
  rows: [event(soon)],
  asked,
  expected: { label_churned_30d: label },
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

/** Each boundary of the label's horizon and of (L, S), and days around a leap day. */
export const labelCases: readonly GoldenCase[] = [...horizonCases, ...maturityCases, ...leapCases];
