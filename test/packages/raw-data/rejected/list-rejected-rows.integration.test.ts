import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  listRejectedRows,
  readWaitingRows,
} from '../../../../packages/raw-data/rejected/list-rejected-rows';
import { rejectedCsv } from '../../../../packages/raw-data/rejected/rejected-csv';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  ONE_USER,
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

it('lists rejected rows by batch, file and reason, the latest batch first, with the first of each', async () => {
  const bad = Array.from({ length: 4 }, (_, index) => `b${index},u1,s1,login,soon`);
  await fixture.load({
    users: ONE_USER,
    user_events: csv(USER_EVENTS, ...bad, 'e9,u9,s1,login,2025-02-01'),
  });
  await fixture.load({ users: csv(USERS, 'u9,2025-01-01,pro', 'u8,soon,pro') });
  const list = await listRejectedRows(fixture.database, { limit: 10 });
  expect(list).toEqual({
    rejected: [
      {
        batch: 2,
        source: 'users.csv',
        table: 'users',
        reason: 'invalid_time',
        rows: 1,
        resolved: 0,
        examples: [
          {
            row: 2,
            line: 3,
            property: null,
            values: { user_id: 'u8', signup_time: 'soon', plan: 'pro' },
          },
        ],
      },
      expect.objectContaining({ batch: 1, reason: 'invalid_time', rows: 4, resolved: 0 }),
      expect.objectContaining({ batch: 1, reason: 'unknown_user', rows: 1, resolved: 1 }),
    ],
    left_out: 0,
  });
  expect(list.rejected[1]?.examples.map(({ line }) => line)).toEqual([2, 3, 4]);
  const of = async (filter: Partial<Parameters<typeof listRejectedRows>[1]>) => {
    const found = await listRejectedRows(fixture.database, { limit: 10, ...filter });
    return [found.rejected.map(({ batch, reason }) => `${batch} ${reason}`), found.left_out];
  };
  expect(await of({ batch: 1 })).toEqual([['1 invalid_time', '1 unknown_user'], 0]);
  expect(await of({ reason: 'invalid_time' })).toEqual([['2 invalid_time', '1 invalid_time'], 0]);
  expect(await of({ table: 'users' })).toEqual([['2 invalid_time'], 0]);
  expect(await of({ limit: 1 })).toEqual([['2 invalid_time'], 2]);
  expect(await of({ batch: 7 })).toEqual([[], 0]);
});

it('writes rows that are loaded once they are mended', async () => {
  const bills = [
    'b1,u1,refund,"1,50",2025-02-01',
    'b2,u9,refund,2.50,2025-02-02T00:00:00.000001Z',
    'b3,u1,refund,3.50,2025-02-03',
  ];
  await fixture.load({ users: ONE_USER, billing_events: csv(BILLING_EVENTS, ...bills) });
  const { rows, left_out } = await readWaitingRows(fixture.database, {
    table: 'billing_events',
    limit: 10,
  });
  expect(left_out).toBe(0);
  const mended = rejectedCsv('billing_events', rows, 'USD').replace('"1,50"', '1.50');
  const folder = fixture.write({ users: csv(USERS, 'u9,2025-01-01,pro') });
  writeFileSync(path.join(folder, 'billing_events.csv'), mended);
  const report = await fixture.load({}, { folder, acceptRejected: false });
  // The row of u9 was tried again by itself.
  expect(report).toMatchObject({
    loaded: { billing_events: 1 },
    unchanged: { billing_events: 1 },
    retried: { billing_events: 1 },
  });
  const stored = await rowsOf(fixture.database, 'billing_events');
  await fixture.reset();
  const good = [bills[0]!.replace('"1,50"', '1.50'), ...bills.slice(1)];
  await fixture.load({
    users: csv(USERS, 'u1,2025-01-01,free', 'u9,2025-01-01,pro'),
    billing_events: csv(BILLING_EVENTS, ...good),
  });
  expect(stored).toEqual(await rowsOf(fixture.database, 'billing_events'));
});

it('leaves out rows that were accepted, that are too many, or of which an earlier release kept nothing', async () => {
  const bad = Array.from({ length: 3 }, (_, index) => `b${index},u1,s1,login,soon`);
  await fixture.load({
    users: ONE_USER,
    user_events: csv(USER_EVENTS, ...bad, 'e9,u9,s1,login,2025-02-01'),
  });
  await fixture.load({ users: csv(USERS, 'u9,2025-01-01,pro') });
  await fixture.database.sql`
    UPDATE raw_data.rejected_rows SET "values" = NULL, line = NULL WHERE "row" = 1`;
  const waiting = await readWaitingRows(fixture.database, { table: 'user_events', limit: 1 });
  expect(waiting).toMatchObject({ rows: [{ event_id: 'b1' }], left_out: 1, without_values: 1 });
});
