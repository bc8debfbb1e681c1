import type { SourcePlan } from '../../../../packages/features/grid/accumulators';
import { TileCollector } from '../../../../packages/features/grid/tile-collector';
import seedrandom from 'seedrandom';

interface Row {
  readonly user: number;
  readonly day: number;
  readonly seenAt: number;
  readonly session: number;
  readonly amount: number;
  readonly isLogin: number;
  /** In epoch microseconds, on its day: after the moment before it, not after its own. */
  readonly time: number;
}

const DAY = 86_400_000_000;
const grid = { first: 7n * 86_400_000_000n + 1n, count: 30 };

const plan: SourcePlan = {
  source: 'user_events',
  bySession: true,
  windowDays: 30,
  columns: [
    { sql: '', type: 'INTEGER', combine: 'sum' },
    { sql: '', type: 'UTINYINT', combine: 'latest' },
  ],
  label: {},
};

/** More rows than the arrays begin with; sessions of several days and arrivals, in no order. */
function randomRows(count: number): Row[] {
  const random = seedrandom('facts');
  const below = (limit: number) => Math.floor(random() * limit);
  return Array.from({ length: count }, () => {
    const day = below(60) - 30;
    const seenAt = Math.max(day, 0) + (below(4) === 0 ? below(5) : 0);
    return {
      user: below(50),
      day,
      seenAt,
      session: below(30),
      amount: below(9),
      isLogin: below(2),
      // The first and the last instant of a day more often than chance would have it.
      time: Number(grid.first) + day * DAY - [0, DAY - 1, below(DAY)][below(3)]!,
    };
  });
}

/** The hash of user n is (n, −n). */
function userOf(low: number, high: number): number {
  if (low !== -high) throw new RangeError(`${low}, ${high}`);
  return low;
}

function collect(collected: SourcePlan, rows: readonly Row[]): TileCollector {
  const collector = new TileCollector(collected, grid, userOf, { users: 1, rows: 0 });
  for (let from = 0; from < rows.length; from += 700) {
    const chunk = rows.slice(from, from + 700);
    const session = Int32Array.from(chunk.flatMap((row) => [row.session, -row.session]));
    collector.add({
      user: Int32Array.from(chunk.flatMap(({ user }) => [user, -user])),
      sinceFirst: Float64Array.from(chunk, ({ time }) => time - Number(grid.first)),
      seenAt: Int32Array.from(chunk, ({ seenAt }) => seenAt),
      session: collected.bySession ? session : undefined,
      values: [
        Int32Array.from(chunk, ({ amount }) => amount),
        Uint8Array.from(chunk, ({ isLogin }) => isLogin),
      ],
    });
  }
  return collector;
}

type Totals = Map<string, { amount: number; lastLogin: number }>;

function addTo(totals: Totals, key: string, { amount, lastLogin }: ReturnType<typeof valuesOf>) {
  const known = totals.get(key) ?? { amount: 0, lastLogin: -Infinity };
  totals.set(key, {
    amount: known.amount + amount,
    lastLogin: Math.max(known.lastLogin, lastLogin),
  });
}

function valuesOf({ amount, isLogin, time }: Row) {
  return { amount, lastLogin: isLogin ? time : -Infinity };
}

describe('tiles collected from rows', () => {
  const rows = randomRows(20_000);

  it('are seen by the first moment not before them, where nothing else is said', () => {
    const times = [-40, -30, -1, 0, 0.5, 29, 29.5, 40].map((days) => days * DAY);
    const collector = new TileCollector({ ...plan, bySession: false, columns: [] }, grid, () => 0, {
      users: 1,
      rows: 0,
    });
    const user = new Int32Array(2 * times.length);
    collector.add({ user, sinceFirst: Float64Array.from(times), values: [] });
    const { count, day, seenAt } = collector.collected();
    const tiles = Array.from({ length: count }, (_, tile) => [day[tile], seenAt[tile]]);
    expect(tiles).toEqual([
      [-30, 0],
      [-1, 0],
      [0, 0],
      [1, 1],
      [29, 29],
      [30, 30],
      [40, 30],
    ]);
  });

  it.each([
    ['by session', plan],
    ['by user', { ...plan, bySession: false }],
  ])('come to what the rows do, %s', (_case, collected) => {
    const tiles = collect(collected, rows).collected();
    const expected: Totals = new Map();
    for (const row of rows) {
      addTo(expected, `${row.user} ${row.day} ${row.seenAt}`, valuesOf(row));
    }
    const totals: Totals = new Map();
    for (let tile = 0; tile < tiles.count; tile += 1) {
      const [amounts, times] = tiles.columns;
      const values = { amount: amounts![tile]!, lastLogin: times![tile]! };
      addTo(totals, `${tiles.user[tile]} ${tiles.day[tile]} ${tiles.seenAt[tile]}`, values);
    }
    expect(totals).toEqual(expected);
  });

  it('know the tiles of each session in the windows, and of no other', () => {
    const tiles = collect(plan, rows).collected();
    const sessions = Array.from({ length: tiles.sessions }, (_, session) => {
      const own = new Set<string>();
      for (let tile = tiles.latest[session]!; tile >= 0; tile = tiles.previous[tile]!) {
        own.add(`${tiles.user[tile]} ${tiles.day[tile]} ${tiles.seenAt[tile]}`);
      }
      return [...own].sort().join(', ');
    });
    const expected = new Map<string, Set<string>>();
    for (const { user, day, seenAt, session } of rows.filter((row) => row.day > -30)) {
      const id = `${user} ${session}`;
      expected.set(id, (expected.get(id) ?? new Set()).add(`${user} ${day} ${seenAt}`));
    }
    const lists = [...expected.values()].map((own) => [...own].sort().join(', '));
    expect(sessions.sort()).toEqual(lists.sort());
  });

  it('need no more tiles than there are days and arrivals where rows come in order', () => {
    const ordered = rows
      .filter(({ day }) => day > -30)
      .sort((a, b) => a.user - b.user || a.session - b.session || a.day - b.day);
    const keys = new Set(
      ordered.map((row) => `${row.user} ${row.session} ${row.day} ${row.seenAt}`),
    );
    expect(collect(plan, ordered).collected().count).toBeLessThan(keys.size * 1.2);
  });

  it('tell users and sessions apart by either word of their hashes', () => {
    const words = [
      [1, 1],
      [1, 2],
      [2, 2],
    ];
    const rowsOf = words.flatMap((user) => words.map((session) => ({ user, session })));
    const userOfWords = (low: number, high: number) => 10 * low + high;
    const expected = { users: 22, rows: 0 };
    const collector = new TileCollector({ ...plan, columns: [] }, grid, userOfWords, expected);
    collector.add({
      user: Int32Array.from(rowsOf.flatMap(({ user }) => user)),
      sinceFirst: new Float64Array(rowsOf.length),
      session: Int32Array.from(rowsOf.flatMap(({ session }) => session)),
      values: [],
    });
    const tiles = collector.collected();
    expect(tiles.sessions).toBe(9);
    expect([...tiles.user.subarray(0, tiles.count)]).toEqual([11, 11, 11, 12, 12, 12, 22, 22, 22]);
  });
});
