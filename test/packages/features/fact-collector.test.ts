import type { SourcePlan } from '../../../packages/features/channels';
import { FactCollector } from '../../../packages/features/fact-collector';
import seedrandom from 'seedrandom';

interface Row {
  readonly user: number;
  readonly day: number;
  readonly seenAt: number;
  readonly session: number;
  readonly amount: number;
  readonly time: number;
}

const plan: SourcePlan = {
  source: 'user_events',
  bySession: true,
  windowDays: 30,
  columns: [
    { sql: '', type: 'INTEGER', combine: 'sum' },
    { sql: '', type: 'DOUBLE', combine: 'max' },
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
      time: below(1e6) - 5e5,
    };
  });
}

/** The hash of user n is (n, −n). */
function userOf(low: number, high: number): number {
  if (low !== -high) throw new RangeError(`${low}, ${high}`);
  return low;
}

function collect(collected: SourcePlan, rows: readonly Row[]): FactCollector {
  const collector = new FactCollector(collected, userOf, { users: 1, rows: 0 });
  for (let from = 0; from < rows.length; from += 700) {
    const chunk = rows.slice(from, from + 700);
    const hashes = chunk.flatMap(({ session }) => [session, -session]);
    const key = [
      Int32Array.from(chunk.flatMap(({ user }) => [user, -user])),
      Int32Array.from(chunk, ({ day }) => day),
      Int32Array.from(chunk, ({ seenAt }) => seenAt),
    ];
    const values = [
      Int32Array.from(chunk, ({ amount }) => amount),
      Float64Array.from(chunk, ({ time }) => time),
    ];
    const session = collected.bySession ? [Int32Array.from(hashes)] : [];
    collector.add([...key, ...session, ...values], chunk.length);
  }
  return collector;
}

type Totals = Map<string, { amount: number; time: number }>;

function addTo(totals: Totals, key: string, { amount, time }: { amount: number; time: number }) {
  const known = totals.get(key) ?? { amount: 0, time: -Infinity };
  totals.set(key, { amount: known.amount + amount, time: Math.max(known.time, time) });
}

describe('facts collected from rows', () => {
  const rows = randomRows(20_000);

  it.each([
    ['by session', plan],
    ['by user', { ...plan, bySession: false }],
  ])('come to what the rows do, %s', (_case, collected) => {
    const facts = collect(collected, rows).collected();
    const expected: Totals = new Map();
    for (const row of rows) addTo(expected, `${row.user} ${row.day} ${row.seenAt}`, row);
    const totals: Totals = new Map();
    for (let fact = 0; fact < facts.count; fact += 1) {
      const [amounts, times] = facts.columns;
      const values = { amount: amounts![fact]!, time: times![fact]! };
      addTo(totals, `${facts.user[fact]} ${facts.day[fact]} ${facts.seenAt[fact]}`, values);
    }
    expect(totals).toEqual(expected);
  });

  it('know the facts of each session in the windows, and of no other', () => {
    const facts = collect(plan, rows).collected();
    const sessions = Array.from({ length: facts.sessions }, (_, session) => {
      const own = new Set<string>();
      for (let fact = facts.latest[session]!; fact >= 0; fact = facts.previous[fact]!) {
        own.add(`${facts.user[fact]} ${facts.day[fact]} ${facts.seenAt[fact]}`);
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

  it('need no more facts than there are days and arrivals where rows come in order', () => {
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
    const collector = new FactCollector({ ...plan, columns: [] }, (low, high) => 10 * low + high, {
      users: 22,
      rows: 0,
    });
    const zeros = new Int32Array(rowsOf.length);
    const users = Int32Array.from(rowsOf.flatMap(({ user }) => user));
    const sessions = Int32Array.from(rowsOf.flatMap(({ session }) => session));
    collector.add([users, zeros, zeros, sessions], rowsOf.length);
    const facts = collector.collected();
    expect(facts.sessions).toBe(9);
    expect([...facts.user.subarray(0, facts.count)]).toEqual([11, 11, 11, 12, 12, 12, 22, 22, 22]);
  });
});
