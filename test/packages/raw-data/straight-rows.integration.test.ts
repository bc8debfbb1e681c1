import { takeKnowledge } from '../../../packages/raw-data/take-knowledge';
import {
  createRawDataFixture,
  csv,
  rejectedRows,
  rowsOf,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

/** Rows that can go straight into an empty table, among rows that have to be compared with it. */
const mixed: Files = {
  users: csv(
    USERS,
    'ann,2025-01-01,free',
    'bob,2025-01-10,free',
    'ünal,2025-01-01,pro',
    'bob,2025-01-10,pro',
    'ann,2025-01-01,free',
    'never,never,free',
  ),
  user_events: csv(
    USER_EVENTS,
    'e01,ann,s1,login,2025-02-01',
    'e02,nobody,s1,login,2025-02-01',
    'e03,bob,s1,login,2025-01-09',
    'e04,bob,s1,login,2025-01-20',
    'e01,ann,s1,login,2025-02-01',
    'e05,nobody,s1,login,2025-02-01',
    'e05,ann,s1,login,2025-02-02',
    'e06,ünal,s1,login,2025-02-03',
    'e06,ünal,s1,view,2025-02-05',
    'e07,ann,s1,login,no time',
    'e07,ann,s1,login,2025-02-04',
    'é08,ünal,s1,login,2025-02-04T00:00:00.000001Z',
    'e09,never,s1,login,2025-02-06',
  ),
};

/** Its ids lie on both sides of every other: no row of a later load can be certain to be new. */
const around: Files = {
  users: csv(USERS, '!,2024-01-01,free', '用,2024-01-01,free'),
  user_events: csv(USER_EVENTS, '!,!,s1,login,2024-01-02', '用,!,s1,login,2024-01-02'),
};

const within = (rows: string[]) => rows.filter((row) => !row.includes('"2024-'));
const loaded = async () => ({
  users: within(await rowsOf(fixture.database, 'users')),
  userEvents: within(await rowsOf(fixture.database, 'user_events')),
  rejected: await rejectedRows(fixture.database),
  completeThrough: (await takeKnowledge(fixture.database)).completeThrough,
});

it('ends in the same rows, whether they go straight into the table or are compared with it', async () => {
  const straight = await fixture.load(mixed);
  const first = await loaded();
  await fixture.reset();
  await fixture.load(around);
  const compared = await fixture.load(mixed);
  expect(await loaded()).toEqual(first);
  expect({ ...compared, batch: 1 }).toEqual(straight);
});

it('takes each row that is new and of a known user, and gives every other its reason', async () => {
  const report = await fixture.load(mixed);
  expect(report).toMatchObject({
    loaded: { users: 3, user_events: 6 },
    unchanged: { users: 1, user_events: 1 },
  });
  const { rejected, completeThrough } = await loaded();
  expect(rejected).toEqual([
    'user_events.csv:2 unknown_user',
    'user_events.csv:3 before_signup',
    'user_events.csv:6 unknown_user',
    'user_events.csv:9 conflicting_duplicate',
    'user_events.csv:10 invalid_time',
    'user_events.csv:13 unknown_user',
    'users.csv:4 conflicting_duplicate',
    'users.csv:6 invalid_time',
  ]);
  expect(completeThrough).toBe('2025-02-04T00:00:00.000001Z');
});

it('takes rows whose ids lie beyond all that are there, and compares the others', async () => {
  const event = (id: string, session = 's1') => `${id},ann,${session},login,2025-02-01`;
  const load = (...rows: string[]) =>
    fixture.load({
      users: csv(USERS, 'ann,2025-01-01,free'),
      user_events: csv(USER_EVENTS, ...rows),
    });
  await load(event('e3'), event('e5'));
  expect(await load(event('e6'), event('e7'))).toMatchObject({ loaded: { user_events: 2 } });
  expect(await load(event('e5'), event('e4'), event('e7', 's2'))).toMatchObject({
    loaded: { user_events: 1 },
    unchanged: { user_events: 1 },
    rejected: { user_events: { conflicting_duplicate: 1 } },
  });
});
