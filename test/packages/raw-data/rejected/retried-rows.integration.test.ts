import { auditRawLog } from '../../../../packages/raw-data/log/audit-raw-log';
import { syncRawLog } from '../../../../packages/raw-data/log/raw-log';
import { perTable } from '../../../../packages/raw-data/raw-tables';
import { takeKnowledge } from '../../../../packages/raw-data/take-knowledge';
import path from 'node:path';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  NOW,
  ONE_USER,
  PLAN_CHANGES,
  rowsOf,
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

const U9 = csv(USERS, 'u9,2025-01-01,pro');
const eventOfU9 = 'e9,u9,s1,login,2025-02-01T00:00:00.000001Z';

const refused = async () => {
  const rows = await fixture.database.sql<{ text: string }[]>`
    SELECT batch || ' ' || source || ':' || "row" || ' ' || reason || ' '
      || coalesce(resolved_batch::text, '-') AS text
    FROM raw_data.rejected_rows ORDER BY batch, source, "row"`;
  return rows.map(({ text }) => text);
};

const none = perTable(() => 0);

it('accepts the rows of a user whom a later load brings, as their own load would have', async () => {
  const waiting = {
    plan_changes: csv(PLAN_CHANGES, 'c9,u9,pro,2025-02-03'),
    user_events: csv(`${USER_EVENTS},ingested_at`, `${eventOfU9},2025-02-02`),
    billing_events: csv(BILLING_EVENTS, 'b9,u9,refund,1.5,2025-02-04'),
  };
  const first = await fixture.load({ users: ONE_USER, ...waiting });
  expect(first).toMatchObject({ batch: 1, retried: none });
  const second = await fixture.load({ users: U9 });
  expect(second).toMatchObject({
    batch: 2,
    loaded: { users: 1, user_events: 0 },
    retried: { users: 0, plan_changes: 1, user_events: 1, billing_events: 1 },
  });
  const [batch] = await fixture.database.sql`SELECT loaded FROM ops.load_batches WHERE batch = 2`;
  expect(batch?.loaded).toEqual({ ...perTable(() => 1), user_attributes: 0 });
  expect(await refused()).toEqual([
    '1 billing_events.csv:1 unknown_user 2',
    '1 plan_changes.csv:1 unknown_user 2',
    '1 user_events.csv:1 unknown_user 2',
  ]);
  const tables = ['plan_changes', 'user_events', 'billing_events'] as const;
  const stored = async () => Promise.all(tables.map((table) => rowsOf(fixture.database, table)));
  const retried = await stored();
  expect((await takeKnowledge(fixture.database)).completeThrough).toBe(
    '2025-02-01T00:00:00.000001Z',
  );
  const rawLogDir = path.join(fixture.folder, 'raw_log');
  await syncRawLog({ ...fixture, rawLogDir });
  expect(await auditRawLog({ ...fixture, rawLogDir })).toMatchObject({ equal: 5, missing: 0 });
  await fixture.reset();
  await fixture.load({ users: csv(USERS, 'u1,2025-01-01,free', 'u9,2025-01-01,pro'), ...waiting });
  expect(retried).toEqual(await stored());
});

it('lets rows arrive now that came without an arrival', async () => {
  await fixture.load(
    { users: ONE_USER, user_events: csv(USER_EVENTS, eventOfU9) },
    { arrival: 'now', now: undefined },
  );
  const before = Date.now();
  expect((await fixture.load({ users: U9 })).retried.user_events).toBe(1);
  const [row] = await fixture.database
    .sql`SELECT ingested_at >= to_timestamp(${before} / 1000.0) AS recent FROM raw_data.user_events`;
  expect(row?.recent).toBe(true);
});

it('never has a row twice', async () => {
  const files = { users: ONE_USER, user_events: csv(USER_EVENTS, eventOfU9, eventOfU9) };
  await fixture.load(files);
  await fixture.load(files);
  expect((await fixture.load({ users: U9 })).retried.user_events).toBe(1);
  expect((await refused()).map((text) => text.at(-1))).toEqual(['3', '3', '3', '3']);
  expect(await fixture.load({ users: U9 })).toMatchObject({ batch: null, retried: none });
  expect(await rowsOf(fixture.database, 'user_events')).toHaveLength(1);
});

it('notes where a row is that somebody loaded in the meantime', async () => {
  const events = csv(USER_EVENTS, eventOfU9);
  await fixture.load({ users: ONE_USER, user_events: events });
  const second = await fixture.load({ users: U9, user_events: events });
  // Retried first: the row of the file is the one that was there already.
  expect(second).toMatchObject({ retried: { user_events: 1 }, unchanged: { user_events: 1 } });
  expect(await refused()).toEqual(['1 user_events.csv:1 unknown_user 2']);
});

it('rejects another row of the same id, and gives one up that comes too late', async () => {
  const other = 'e9,u1,s2,login,2025-02-01';
  await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, eventOfU9) });
  const second = await fixture.load({ users: U9, user_events: csv(USER_EVENTS, other) });
  expect(second).toMatchObject({
    retried: { user_events: 1 },
    rejected: { user_events: { conflicting_duplicate: 1 } },
  });
  await fixture.reset();
  await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, eventOfU9) });
  await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, other) });
  expect(await fixture.load({ users: U9 })).toMatchObject({ batch: 3, retried: none });
  expect(await refused()).toEqual(['1 user_events.csv:1 conflicting_duplicate -']);
  expect(await fixture.load({ users: U9 })).toMatchObject({ batch: null });
});

it('leaves rows alone that are as wrong as before, or of a load more than 30 days ago', async () => {
  await fixture.load({
    users: ONE_USER,
    user_events: csv(
      USER_EVENTS,
      eventOfU9,
      'e1,u1,s1,login,2024-12-31',
      'e2,u9,s1,login,2024-12-31',
      'e3,u8,s1,login,2025-02-01',
    ),
  });
  await fixture.database.sql`
    UPDATE ops.load_batches SET committed_at = clock_timestamp() - interval '30 days'`;
  expect((await fixture.load({ users: U9 })).retried).toEqual(none);
  await fixture.database.sql`UPDATE ops.load_batches
    SET committed_at = clock_timestamp() - interval '29 days 23 hours 59 minutes'`;
  const report = await fixture.load({ users: csv(USERS, 'u7,2025-01-01,free') });
  expect(report.retried.user_events).toBe(1);
  expect(await refused()).toEqual([
    '1 user_events.csv:1 unknown_user 3',
    '1 user_events.csv:2 before_signup -',
    '1 user_events.csv:3 unknown_user -',
    '1 user_events.csv:4 unknown_user -',
  ]);
});

it('retries nothing in a load that is refused', async () => {
  await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, eventOfU9) });
  const load = fixture.load(
    { users: csv(USERS, 'u9,2025-01-01,pro', 'u8,soon,pro') },
    { acceptRejected: false, now: () => NOW },
  );
  await expect(load).rejects.toMatchObject({ code: 'TOO_MANY_REJECTED' });
  expect(await refused()).toEqual(['1 user_events.csv:1 unknown_user -']);
  expect(await rowsOf(fixture.database, 'user_events')).toEqual([]);
});

it('notes which batch has the corrected row of a file, which is then not waiting any more', async () => {
  const events = ['e1,u1,s1,login,soon', ' e2 ,u1,s1,login,soon', 'e3,u1,s1,login,soon'];
  await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, ...events) });
  // The row that is right beside its twin is not a correction of it: both came at once.
  const twins = ['e4,u1,s1,login,soon', 'e4,u1,s1,login,2025-02-01'];
  const corrected = ['e1,u1,s1,login,2025-02-01', 'e2,u1,s1,login,2025-02-01'];
  await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, ...corrected, ...twins) });
  expect(await refused()).toEqual([
    '1 user_events.csv:1 invalid_time 2',
    '1 user_events.csv:2 invalid_time 2',
    '1 user_events.csv:3 invalid_time -',
    '2 user_events.csv:3 invalid_time -',
  ]);
});
