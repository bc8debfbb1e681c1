import { clockChanges } from '../../../../packages/raw-data/hazards/clock-changes';
import { localTimes } from '../../../../packages/raw-data/hazards/local-time';

it('knows the Sundays on which clocks change', () => {
  const dates = (year: number) => clockChanges(year).map(({ date }) => date);
  expect(dates(2024)).toEqual(['2024-03-10', '2024-03-31', '2024-10-27', '2024-11-03']);
  expect(dates(2026)).toEqual(['2026-03-08', '2026-03-29', '2026-10-25', '2026-11-01']);
});

const [american, european, autumn] = clockChanges(2024);

/** Rows of a week by hour: few at night, many in the afternoon. */
const rhythm = (shift: number, rows = 200) =>
  Array.from({ length: 24 }, (_, hour) =>
    Math.round(rows * (1.2 + Math.sin(((hour - shift - 9) * Math.PI) / 12))),
  );
const aDay = (skipped?: number) =>
  rhythm(0).map((rows, hour) => (hour === skipped ? 0 : Math.round(rows / 7) + 1));

const judge = (
  change: typeof american,
  around: { before: number[]; after: number[]; day?: number[] },
) =>
  localTimes([{ change: change!, onTheDay: around.day ?? aDay(), ...around }]).map(
    ({ message }) => /an hour is missing|the rhythm of the day jumps/.exec(message)?.[0],
  );

it.each([
  ['a rhythm that stays', european, 0, []],
  ['a rhythm that jumps with the clocks in spring', european, 1, ['the rhythm of the day jumps']],
  ['the rhythm of people with summer time in UTC', european, -1, []],
  ['a rhythm that jumps with the clocks in autumn', autumn, -1, ['the rhythm of the day jumps']],
  ['the rhythm of people in UTC in autumn', autumn, 1, []],
] as const)('judges %s', (_what, change, shift, said) => {
  expect(judge(change, { before: rhythm(0), after: rhythm(shift) })).toEqual(said);
});

it('says nothing of too few rows', () => {
  expect(judge(european, { before: rhythm(0, 5), after: rhythm(1, 5) })).toEqual([]);
});

it('finds the hour that local clocks skip', () => {
  const weeks = { before: rhythm(0, 600), after: rhythm(0, 600) };
  const day = (hour?: number) => aDay(hour);
  expect(judge(european, { ...weeks, day: day(2) })).toEqual(['an hour is missing']);
  expect(judge(american, { ...weeks, day: day(2) })).toEqual(['an hour is missing']);
  // No clock of the United States skips this one, and none skips an hour in autumn.
  expect(judge(american, { ...weeks, day: day(3) })).toEqual([]);
  expect(judge(autumn, { ...weeks, day: day(2) })).toEqual([]);
  expect(judge(european, { before: rhythm(0, 50), after: rhythm(0, 50), day: day(2) })).toEqual([]);
  // The source was away for longer.
  const away = day(2).map((rows, hour) => (hour < 5 ? 0 : rows));
  expect(judge(european, { ...weeks, day: away })).toEqual([]);
});
