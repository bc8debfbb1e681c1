import { constantTimes } from '../../../../packages/raw-data/hazards/constant-time';
import { FLOAT_ID, floatIds } from '../../../../packages/raw-data/hazards/float-ids';
import { noLogin } from '../../../../packages/raw-data/hazards/no-login';
import { unexpectedPlans } from '../../../../packages/raw-data/hazards/plan-names';
import { silentUsers } from '../../../../packages/raw-data/hazards/silent-users';
import type { LoadWarning } from '../../../../packages/raw-data/load-warning';

const found = (warnings: readonly LoadWarning[]) =>
  warnings.map(({ code, count }) => `${code} ${count}`);

it.each([
  [0, 0, []],
  [5, 0, ['no_login 5']],
  [5, 1, []],
])('of %i events with %i logins it says %j', (rows, logins, codes) => {
  expect(found(noLogin({ rows, logins }))).toEqual(codes);
});

it.each([
  [{}, []],
  [{ pro: 1, free: 3 }, []],
  [{ Pro: 1, free: 3 }, ['no_pro_plan 2']],
  [{ pro: 19 }, []],
  [{ pro: 20 }, ['one_plan 20']],
  [{ basic: 20 }, ['no_pro_plan 1', 'one_plan 20']],
])('of the plans %j it says %j', (plans, codes) => {
  expect(found(unexpectedPlans(new Map(Object.entries(plans))))).toEqual(codes);
});

it('names a few plans', () => {
  const plans = new Map('abcdefg'.split('').map((name) => [name, 1]));
  expect(unexpectedPlans(plans)[0]?.message).toContain('the plans are a, b, c, d, e and 2 more.');
});

it.each([
  [0, 0, []],
  [1_000, 99, []],
  [1_000, 100, ['float_ids 100']],
  [1, 1, ['float_ids 1']],
])('of %i ids of which %i look like floats it says %j', (rows, floats, codes) => {
  const column = { table: 'users', column: 'user_id', rows, floats };
  expect(found(floatIds([column]))).toEqual(codes);
});

it.each([
  ['1234.0', true],
  ['1234.00', true],
  ['1e5', true],
  ['1.5E+05', true],
  ['1234', false],
  ['1234.5', false],
  ['e5', false],
  ['u1.0', false],
  ['12e5f', false],
])('takes %s for a float: %s', (id, isFloat) => {
  expect(new RegExp(`^(${FLOAT_ID})$`).test(id)).toBe(isFloat);
});

it.each([
  [19, true, []],
  [20, true, ['constant_time 20']],
  [20, false, []],
])('of %i rows, all of one moment: %s, it says %j', (rows, isConstant, codes) => {
  const column = { table: 'users', column: 'signup_time', rows, isConstant };
  expect(found(constantTimes([column]))).toEqual(codes);
});

it.each([
  [0, 0, []],
  [19, 19, []],
  [20, 5, []],
  [20, 6, ['silent_users 6']],
  [20, 20, ['silent_users 20']],
])('of %i users, %i without events, it says %j', (rows, withoutEvents, codes) => {
  expect(found(silentUsers({ rows, withoutEvents }))).toEqual(codes);
});
