import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
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

const kept = async () => {
  const rows = await fixture.database.sql`
    SELECT source, "row", line, reason, table_name, "values", resolved_batch
    FROM raw_data.rejected_rows ORDER BY batch, source, "row"`;
  return [...rows];
};

describe('a rejected row', () => {
  it('keeps the text of its file where the fault is its own', async () => {
    await fixture.load({
      users: csv(
        `${USERS},country,shoe_size`,
        'u1,2025-01-01,free,NL,43',
        ' u2 ,yesterday,"a\n""plan""",,44',
        '',
        'u3,2025-01-01,,BE,45',
      ),
    });
    expect(await kept()).toMatchObject([
      {
        source: 'users.csv',
        row: 2,
        line: 3,
        table_name: 'users',
        values: { user_id: ' u2 ', signup_time: 'yesterday', plan: 'a\n"plan"' },
      },
      { row: 3, line: 6, values: { user_id: 'u3', signup_time: '2025-01-01', country: 'BE' } },
    ]);
    const [first] = await kept();
    expect(Object.keys((first as { values: object }).values)).toHaveLength(3);
  });

  it('keeps what it would be stored as where it is refused for what is known', async () => {
    await fixture.load({
      users: ONE_USER,
      plan_changes: csv(PLAN_CHANGES, 'c1,u9,pro,2025-02-01T01:00:00.000001+01:00'),
      user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2024-12-31'),
      billing_events: csv(
        `${BILLING_EVENTS},ingested_at`,
        'b1,u9,refund,1.50,2025-02-01,2025-03-01',
      ),
    });
    expect(await kept()).toMatchObject([
      {
        reason: 'unknown_user',
        line: 2,
        values: {
          event_id: 'b1',
          user_id: 'u9',
          event_type: 'refund',
          amount_cents: '150',
          currency: 'USD',
          event_time: '2025-02-01T00:00:00+00:00',
          ingested_at: '2025-03-01T00:00:00+00:00',
        },
      },
      {
        reason: 'unknown_user',
        values: {
          change_id: 'c1',
          user_id: 'u9',
          plan: 'pro',
          event_time: '2025-02-01T00:00:00.000001+00:00',
          ingested_at: '2025-02-01T00:00:00.000001+00:00',
        },
      },
      { reason: 'before_signup', line: 2, values: { event_id: 'e1' } },
    ]);
  });

  it('keeps the start of a text that no column takes', async () => {
    const long = 'x'.repeat(100_000);
    await fixture.load({
      users: csv(
        USERS,
        'u1,2025-01-01,free',
        `${long},2025-01-01,free`,
        `u3,2025-01-01,${'y'.repeat(1024)}`,
      ),
    });
    const [first, second] = (await kept()) as { values: Record<string, string> }[];
    expect(first?.values.user_id).toBe(`${'x'.repeat(1024)}… (100000 characters)`);
    expect(second?.values.plan).toBe('y'.repeat(1024));
  });

  it('keeps a character that Postgres has no place for as one that is as unprintable', async () => {
    await fixture.load({ users: csv(USERS, 'u1,2025-01-01,free', 'a\u0000b,2025-01-01,free') });
    expect(await kept()).toMatchObject([{ reason: 'invalid_id', values: { user_id: 'a\u0001b' } }]);
  });

  it('has no line in a Parquet file, and keeps its times and numbers as texts', async () => {
    const folder = fixture.write({ users: ONE_USER });
    const duckDb = await fixture.openDuckDb([folder, fixture.folder]);
    await duckDb.run(`COPY (SELECT * FROM (VALUES
        ('b1', 'u1', 'refund', 0.005::DOUBLE, TIMESTAMPTZ '2025-02-01 00:00:00.5+00'),
        ('b2', 'u1', 'refund', 1.5, TIMESTAMPTZ 'infinity')
      ) AS t(event_id, user_id, event_type, amount, event_time))
      TO '${path.join(folder, 'billing_events.parquet')}' (FORMAT parquet)`);
    duckDb.close();
    await fixture.load({}, { folder });
    expect(await kept()).toMatchObject([
      {
        row: 1,
        line: null,
        values: { amount: '0.005', event_time: '2025-02-01T00:00:00.500000Z' },
      },
      { row: 2, line: null, reason: 'invalid_time', values: { event_time: 'infinity' } },
    ]);
  });

  it('has the line below a line for Excel, and none in an array, whose lines are no rows', async () => {
    const folder = fixture.write({
      users: `sep=;\n${USERS.replaceAll(',', ';')}\n;2025-01-01;free\nu1;2025-01-01;free\n`,
    });
    const events = [
      { event_id: null, user_id: 'u1', session_id: 's', event_type: 'login' },
      { event_id: 'e2', user_id: 'u1', session_id: 's', event_type: 'login' },
    ].map((event) => ({ ...event, event_time: '2025-02-01' }));
    writeFileSync(path.join(folder, 'user_events.json'), JSON.stringify(events, null, 1));
    await fixture.load({}, { folder });
    expect((await kept()).map(({ source, row, line }) => [source, row, line])).toEqual([
      ['user_events.json', 1, null],
      ['users.csv', 1, 3],
    ]);
  });

  it('has the right line among rows of several lines, be the fault its own or not', async () => {
    const rows = [
      'e1,u1,"s\n1",login,2025-02-01',
      'e2,u9,s1,login,2025-02-01',
      '',
      'e3,u1,s1,login,no',
    ];
    const folder = fixture.write({ users: ONE_USER });
    writeFileSync(path.join(folder, 'user_events.csv'), [USER_EVENTS, ...rows, ''].join('\r\n'));
    await fixture.load({}, { folder });
    expect((await kept()).map(({ row, line, reason }) => [row, line, reason])).toEqual([
      [1, 2, 'invalid_id'],
      [2, 4, 'unknown_user'],
      [3, 6, 'invalid_time'],
    ]);
  });
});

describe('a load past the limit', () => {
  const events = (good: number, bad: number) =>
    csv(
      USER_EVENTS,
      ...Array.from({ length: good }, (_, index) => `g${index},u1,s1,login,2025-02-01`),
      ...Array.from({ length: bad }, (_, index) => `b${index},u9,s1,login,2025-02-01`),
    );
  const load = (good: number, bad: number, acceptRejected = false) =>
    fixture.load({ users: ONE_USER, user_events: events(good, bad) }, { acceptRejected });

  it('changes nothing, and says which table, how much, why, where and what to do', async () => {
    await expect(load(3, 1)).rejects.toMatchObject({
      code: 'TOO_MANY_REJECTED',
      message: expect.stringContaining(
        '1 of 4 rows of user_events (25 %) were rejected: 1 unknown_user, first in user_events.csv line 5. ',
      ),
    });
    for (const table of ['users', 'user_events'] as const) {
      expect(await rowsOf(fixture.database, table)).toEqual([]);
    }
    expect(await kept()).toEqual([]);
    expect(await fixture.database.sql`SELECT FROM ops.load_batches`).toHaveLength(0);
  });

  it('loads the other rows when asked to, with a warning', async () => {
    const report = await load(3, 1, true);
    expect(report).toMatchObject({ batch: 1, loaded: { user_events: 3 } });
    expect(report.warnings[0]).toMatchObject({
      code: 'rejected_rows',
      table: 'user_events',
      count: 1,
    });
    const [batch] = await fixture.database.sql`SELECT warnings FROM ops.load_batches`;
    expect(batch?.warnings).toEqual(report.warnings);
  });

  it('is judged by all of its rows: those that are known count as accepted', async () => {
    expect((await load(8, 2)).warnings[0]?.code).toBe('rejected_rows');
    expect(await load(8, 2)).toMatchObject({
      batch: 2,
      loaded: { user_events: 0 },
      unchanged: { user_events: 8 },
    });
    await expect(load(7, 2)).rejects.toMatchObject({ code: 'TOO_MANY_REJECTED' });
  });

  it('is none of which nothing is accepted, whatever is asked for', async () => {
    const files = { users: csv(USERS, 'u1,soon,free', 'u2,,free') };
    await expect(fixture.load(files, { acceptRejected: true })).rejects.toMatchObject({
      code: 'NOTHING_ACCEPTED',
      message: expect.stringContaining(
        'all 2 rows of users (2 invalid_time, first in users.csv line 2)',
      ),
    });
    expect(await fixture.database.sql`SELECT FROM ops.load_batches`).toHaveLength(0);
  });

  it('shows no value of a row', async () => {
    const files = { users: csv(USERS, 'ada@example.org,ada-time,ada-plan', 'u2,2025-01-01,free') };
    const error: unknown = await fixture
      .load(files, { acceptRejected: false })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'TOO_MANY_REJECTED' });
    expect(JSON.stringify([error, String(error)])).not.toMatch(/ada/);
  });
});
