import fc from 'fast-check';
import { MICROS_PER_DAY } from '../../../packages/instants/epoch-micros';
import { generateArrivals } from '../../../packages/synthetic/generate-arrivals';
import { asLines, collect, dayAfterStart, differences, firstDays } from './collected-rows';

const START = '2024-01-15';
const DAYS = 400;
const after = dayAfterStart(START, 0);
const through = dayAfterStart(START, DAYS);

describe.each([1, 2])('the windows of a synthetic world of version %i', (version) => {
  const world = { version, seed: 11, users: 24, start: START };
  const whole = firstDays(world, DAYS);
  const lines = asLines(whole);

  it('bring rows to every table', () => {
    for (const rows of Object.values(whole)) expect(rows.length).toBeGreaterThan(0);
  });

  it('bring the same rows, each once, by the day in reverse as all at once', () => {
    const days = Array.from({ length: DAYS }, (_, day) =>
      collect(
        generateArrivals(world, {
          after: dayAfterStart(world.start, DAYS - 1 - day),
          through: dayAfterStart(world.start, DAYS - day),
        }),
      ),
    );
    expect(differences(asLines(...days), lines)).toEqual([]);
  });

  it('bring the same rows, each once, however time is cut and in whatever order', () => {
    const moment = fc.bigInt({ min: after, max: through });
    fc.assert(
      fc.property(
        fc.array(moment, { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (cuts, order) => {
          const edges = [after, ...cuts, through].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          const windows = edges
            .slice(1)
            .map((edge, place) => ({ after: edges[place]!, through: edge }));
          const shuffled = windows
            .map((window) => ({ window, place: order.next().value as number }))
            .sort((a, b) => a.place - b.place);
          const parts = shuffled.map(({ window }) => collect(generateArrivals(world, window)));
          expect(differences(asLines(...parts), lines)).toEqual([]);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('cut exactly at an arrival hold it in the window that ends there', () => {
    const arrivals = whole.userEvents.slice(100, 160).map((row) => row.ingestedAt);
    for (const at of arrivals) {
      const upTo = collect(generateArrivals(world, { after: at - 1n, through: at }));
      const from = collect(generateArrivals(world, { after: at, through: at + 1n }));
      expect(upTo.userEvents.map((row) => row.ingestedAt)).toContain(at);
      expect(from.userEvents.map((row) => row.ingestedAt)).not.toContain(at);
    }
  });

  it('cut after a session that was moved to before the start of its cycle hold it once', () => {
    const cut = 1_708_748_494_504_340n;
    const upTo = collect(generateArrivals(world, { after, through: cut }));
    const from = collect(generateArrivals(world, { after: cut, through }));
    expect(differences(asLines(upTo, from), lines)).toEqual([]);
  });

  it('bring the same again when a table is iterated twice, in any order of tables', () => {
    const rows = generateArrivals(world, { after, through: dayAfterStart(world.start, 40) });
    const billing = [...rows.billingEvents];
    expect(differences(asLines(collect(rows)), asLines(collect(rows)))).toEqual([]);
    expect([...rows.billingEvents]).toEqual(billing);
  });

  it('bring nothing before the world opens, and nothing when empty', () => {
    const before = { after: after - 900n * MICROS_PER_DAY, through: after };
    const empty = { after: through, through };
    expect(asLines(collect(generateArrivals(world, before)))).toEqual([]);
    expect(asLines(collect(generateArrivals(world, empty)))).toEqual([]);
  });

  it('go on for as long as anyone asks', () => {
    const late = 4_000;
    const rows = collect(
      generateArrivals(world, {
        after: dayAfterStart(world.start, late),
        through: dayAfterStart(world.start, late + 90),
      }),
    );
    expect(rows.users.length).toBeGreaterThan(0);
    expect(rows.userEvents.length).toBeGreaterThan(50);
  });
});

describe('another synthetic world', () => {
  const base = { version: 2, seed: 11, users: 40, start: START };

  it.each([
    ['version', { ...base, version: 1 }],
    ['seed', { ...base, seed: 12 }],
    ['number of users', { ...base, users: 41 }],
    ['start', { ...base, start: '2024-01-16' }],
  ])('has other rows when its %s differs', (_what, other) => {
    const window = { after, through: dayAfterStart(base.start, 60) };
    const linesOf = (chosen: typeof base) => asLines(collect(generateArrivals(chosen, window)));
    expect(differences(linesOf(other), linesOf(base))).not.toEqual([]);
    expect(differences(linesOf({ ...base }), linesOf(base))).toEqual([]);
  });

  it.each([
    ['its version is not known', { ...base, version: 3 }],
    ['users is 0', { ...base, users: 0 }],
    ['users is not whole', { ...base, users: 1.5 }],
    ['seed is not a number', { ...base, seed: NaN }],
    ['start does not exist', { ...base, start: '2023-02-29' }],
  ])('is refused when %s', (_why, bad) => {
    expect(() => generateArrivals(bad, { after, through })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST' }),
    );
  });

  it.each([1, 2, 3])('works with %i users', (users) => {
    const rows = firstDays({ ...base, users }, 365);
    expect(rows.users.map((row) => row.userId)).toHaveLength(users);
  });
});
