import { MICROS_PER_DAY } from '../../../../packages/instants/epoch-micros';
import {
  strayLastEvents,
  type EventDay,
} from '../../../../packages/raw-data/hazards/stray-last-event';

/** Days by their number, each with so many rows from midnight to the last moment of the day. */
const days = (...given: [day: number, rows: number][]): EventDay[] =>
  given.map(([day, rows]) => {
    const first = BigInt(day) * MICROS_PER_DAY;
    return { rows, first, last: first + MICROS_PER_DAY - 1n };
  });
const month = (rows: number) =>
  Array.from({ length: 30 }, (_, day): [number, number] => [day, rows]);

const lastDay = (given: EventDay[], total?: number) => {
  const all = given.reduce((sum, { rows }) => sum + rows, 0);
  const { lastBefore, warnings } = strayLastEvents(given, total ?? all);
  expect(warnings).toHaveLength(lastBefore === null ? 0 : 1);
  return lastBefore === null ? null : Number(lastBefore / MICROS_PER_DAY);
};

it.each<[what: string, given: EventDay[], last: number | null]>([
  ['nothing', [], null],
  ['no gap', days(...month(10)), null],
  ['one event far away', days(...month(10), [37, 1]), 29],
  ['one event not quite a week away', days(...month(10), [36, 1]), null],
  ['one event far away of too few', days(...month(3), [60, 1]), null],
  ['two events far away of less than 2,000', days(...month(10), [60, 2]), null],
  ['events far away that are a thousandth', days(...month(100), [60, 1], [61, 2]), 29],
  ['events far away that are more', days(...month(100), [60, 2], [61, 2]), null],
  ['two gaps, both near the end', days(...month(100), [60, 1], [100, 1]), 29],
  ['a gap with many events behind it', days(...month(10), [60, 50], [100, 1]), null],
  ['a source that is often quiet', days([0, 50], [10, 50], [20, 50], [30, 1]), null],
  [
    'a source that is often quiet, and then for long',
    days([0, 50], [10, 50], [20, 50], [60, 1]),
    20,
  ],
])('finds the last event that says something in %s', (_what, given, last) => {
  expect(lastDay(given)).toBe(last);
});

it('says how many events, how far away, and what that means', () => {
  expect(strayLastEvents(days(...month(10), [75, 1]), 301).warnings).toEqual([
    {
      code: 'stray_last_event',
      table: 'user_events',
      count: 1,
      message: expect.stringMatching(
        /^The last user event of the load lies 45 days after all the others\..*complete up to 1970-01-30T23:59:59\.999999Z/,
      ),
    },
  ]);
});
