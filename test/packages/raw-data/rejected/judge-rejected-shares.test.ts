import { perTable } from '../../../../packages/raw-data/raw-tables';
import {
  formatPercent,
  judgeRejectedShares,
} from '../../../../packages/raw-data/rejected/judge-rejected-shares';

const limits = { warnPercent: 1, failPercent: 20 };

const judge = (loaded: number, unchanged: number, rejected: number, given = limits) => {
  const only = (count: number) => perTable((table) => (table === 'user_events' ? count : 0));
  const counts = { loaded: only(loaded), unchanged: only(unchanged), rejected: only(rejected) };
  return judgeRejectedShares(counts, given).map(({ verdict }) => verdict);
};

it.each([
  ['nothing at all', [0, 0, 0], []],
  ['no rejected row', [100, 0, 0], []],
  ['exactly the share that is not warned of', [99, 0, 1], []],
  ['one more', [98, 0, 2], ['warn']],
  ['exactly the share that does not fail', [80, 0, 20], ['warn']],
  ['one row more', [79, 0, 21], ['fail']],
  ['nothing but rejected rows', [0, 0, 1], ['fail']],
  ['known rows, which count as accepted', [0, 99, 1], []],
  ['known rows beside others', [50, 30, 20], ['warn']],
] as [string, [number, number, number], string[]][])('judges %s', (_what, counts, verdicts) => {
  expect(judge(...counts)).toEqual(verdicts);
});

it('takes shares below a percent, and no limit at all', () => {
  expect(judge(9_990, 0, 10, { warnPercent: 0.1, failPercent: 20 })).toEqual([]);
  expect(judge(9_989, 0, 11, { warnPercent: 0.1, failPercent: 20 })).toEqual(['warn']);
  // 0.57 × 10,000 is 5,699.999… as a float.
  expect(judge(9_943, 0, 57, { warnPercent: 0.57, failPercent: 20 })).toEqual([]);
  expect(judge(9_942, 0, 58, { warnPercent: 0.57, failPercent: 20 })).toEqual(['warn']);
  expect(judge(0, 0, 5, { warnPercent: 100, failPercent: 100 })).toEqual([]);
  expect(judge(99, 0, 1, { warnPercent: 0, failPercent: 0 })).toEqual(['fail']);
});

it('judges each table by itself, in the order of the tables', () => {
  const counts = {
    loaded: {
      users: 1,
      plan_changes: 98,
      user_events: 1_000,
      billing_events: 0,
      user_attributes: 3,
    },
    unchanged: perTable(() => 0),
    rejected: { users: 1, plan_changes: 2, user_events: 1, billing_events: 1, user_attributes: 1 },
  };
  expect(judgeRejectedShares(counts, limits)).toEqual([
    { table: 'users', rows: 2, rejected: 1, verdict: 'fail' },
    { table: 'plan_changes', rows: 100, rejected: 2, verdict: 'warn' },
    { table: 'billing_events', rows: 1, rejected: 1, verdict: 'fail' },
    { table: 'user_attributes', rows: 4, rejected: 1, verdict: 'fail' },
  ]);
});

it.each([
  [1, 3, '33.3 %'],
  [1, 1, '100 %'],
  [1, 80, '1.3 %'],
  [11, 10_000, '0.11 %'],
  [1, 3_000_000, '0.000033 %'],
])('writes %i of %i as people do', (part, whole, text) => {
  expect(formatPercent(part, whole)).toBe(text);
});
