import { takeKnowledge } from '../../../../packages/raw-data/take-knowledge';
import { parseInstant } from '../../../../packages/instants/epoch-micros';
import {
  createRawDataFixture,
  csv,
  PLAN_CHANGES,
  USER_EVENTS,
  USERS,
  type RawDataFixture,
} from '../raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

const users = (count: number, plan = 'pro') =>
  csv(
    USERS,
    ...Array.from({ length: count }, (_, index) => `u${index},2024-01-0${1 + (index % 9)},${plan}`),
  );
const day = (number: number) => new Date(Date.UTC(2024, 0, 1 + number)).toISOString().slice(0, 10);
const events = (count: number, type = 'login') =>
  Array.from(
    { length: count },
    (_, index) => `e${index},u${index % 20},s,${type},${day(10 + (index % 50))}`,
  );

const codes = (report: { warnings: readonly { code: string; count: number }[] }) =>
  report.warnings.map(({ code, count }) => `${code} ${count}`);

it('says nothing of a load as it should be', async () => {
  const report = await fixture.load({
    users: csv(USERS, 'u0,2024-01-01,pro', 'u1,2024-01-02,free'),
    user_events: csv(USER_EVENTS, 'e1,u0,s,login,2024-02-01'),
  });
  expect(report.warnings).toEqual([]);
});

it('says what a first load lacks, in the report and the batch, and not of later loads', async () => {
  const report = await fixture.load({
    users: users(20, 'basic'),
    user_events: csv(USER_EVENTS, 'e1,u0,s,view,2024-02-01'),
  });
  expect(codes(report)).toEqual(['no_login 1', 'no_pro_plan 1', 'one_plan 20', 'silent_users 19']);
  const [batch] = await fixture.database.sql`SELECT warnings FROM ops.load_batches`;
  expect(batch?.warnings).toEqual(report.warnings);
  const later = await fixture.load({
    users: csv(USERS, 'u99,2024-01-01,basic'),
    user_events: csv(USER_EVENTS, 'e2,u0,s,view,2024-02-02'),
  });
  expect(codes(later)).toEqual([]);
});

it('finds a plan called pro that users only change to', async () => {
  const report = await fixture.load({
    users: csv(USERS, 'u0,2024-01-01,free'),
    plan_changes: csv(PLAN_CHANGES, 'c1,u0,pro,2024-02-01'),
  });
  expect(report.warnings).toEqual([]);
});

it('finds ids like floats and times that are all the same in any load, and leaves out faulty rows', async () => {
  await fixture.load({ users: users(20), user_events: csv(USER_EVENTS, ...events(20)) });
  const report = await fixture.load({
    user_events: csv(
      USER_EVENTS,
      ...Array.from({ length: 20 }, (_, index) => `${index}.0,u0,s,login,2024-03-01`),
      ',u0,s,login,2024-03-02',
    ),
  });
  expect(codes(report).slice(1)).toEqual(['float_ids 20', 'constant_time 20']);
});

describe('an event far after the rest', () => {
  const rows = [...events(600), 'far,u0,s,login,2024-04-15'];
  const complete = async () => (await takeKnowledge(fixture.database)).completeThrough;

  it.each([
    ['straight into an empty table', 0],
    ['beside rows that are known', 600],
  ])('does not say how far the source is complete: %s', async (_what, known) => {
    await fixture.load({ users: users(20) });
    if (known > 0) await fixture.load({ user_events: csv(USER_EVENTS, ...events(known - 1)) });
    const report = await fixture.load({ user_events: csv(USER_EVENTS, ...rows) });
    expect(codes(report)).toEqual(['stray_last_event 1']);
    expect(report.loaded.user_events).toBe(known > 0 ? 2 : 601);
    expect(await complete()).toBe('2024-02-29T00:00:00.000000Z');
  });

  it('does not keep the option from doing so', async () => {
    await fixture.load({ users: users(20) });
    const report = await fixture.load(
      { user_events: csv(USER_EVENTS, ...rows) },
      { completeThrough: parseInstant('2024-04-20') },
    );
    expect(codes(report)).toEqual(['stray_last_event 1']);
    expect(await complete()).toBe('2024-04-20T00:00:00.000000Z');
  });
});

it('finds times that jump with the clocks', async () => {
  // 400 a day from 08:00 to 17:59 by the clock of the server, which goes forward on 2024-03-31.
  const rows = Array.from({ length: 21 * 400 }, (_, index) => {
    const date = new Date(Date.UTC(2024, 2, 20 + Math.floor(index / 400)));
    const hour = 8 + (index % 10) + (date.getTime() >= Date.UTC(2024, 2, 31) ? 1 : 0);
    const time = `${date.toISOString().slice(0, 10)}T${String(hour).padStart(2, '0')}:00:00`;
    return `e${index},u0,s,login,${time}`;
  });
  await fixture.load({ users: users(20) });
  const report = await fixture.load({ user_events: csv(USER_EVENTS, ...rows) });
  expect(codes(report)).toEqual(['local_time 1']);
  expect(report.warnings[0]?.message).toContain('around 2024-03-31');
});
