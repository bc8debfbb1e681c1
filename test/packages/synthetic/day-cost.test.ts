import { dayAfterStart, workOf } from './collected-rows';

type World = Parameters<typeof workOf>[0];

function total(work: Record<string, number>): number {
  return Object.values(work).reduce((sum, count) => sum + count, 0);
}

/** The mean over a few days, because single days have more or fewer rows. */
function workOfDaysFrom(world: World, day: number): Record<string, number> {
  const days = 5;
  const sum = { stream: 0, era: 0, cycle: 0, row: 0 };
  for (let step = 0; step < days; step += 1) {
    const work = workOf(world, {
      after: dayAfterStart(world.start, day + step),
      through: dayAfterStart(world.start, day + step + 1),
    });
    for (const kind of ['stream', 'era', 'cycle', 'row'] as const) sum[kind] += work[kind] / days;
  }
  return sum;
}

describe.each([1, 2])('the cost of a day of a synthetic world of version %i', (version) => {
  const world = { version, seed: 42, users: 600, start: '2025-01-01' };
  const year = workOf(world, {
    after: dayAfterStart(world.start, 0),
    through: dayAfterStart(world.start, 365),
  });
  const lastDay = workOfDaysFrom(world, 360);

  it('is that of its rows and of the users who are there, three 365ths of the year’s', () => {
    const filledIn = (work: Record<string, number>) => work['cycle']! + work['row']!;
    expect(filledIn(lastDay)).toBeLessThan((3 * filledIn(year)) / 365);
  });

  it('is a small part of the year’s, also counting the walk through every life', () => {
    expect(total(lastDay)).toBeLessThan(total(year) / 40);
  });

  it('walks a life in a few eras, whatever its length', () => {
    expect(lastDay['era']!).toBeLessThan(2.5 * world.users);
  });

  it('stops growing after three years, when the first users are forgotten', () => {
    const third = total(workOfDaysFrom(world, 3 * 365));
    expect(third).toBeLessThan(2 * total(lastDay));
    expect(total(workOfDaysFrom(world, 10 * 365))).toBeLessThan(1.1 * third);
    expect(total(workOfDaysFrom(world, 40 * 365))).toBeLessThan(1.1 * third);
  });
});
