import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatInstant, parseInstant } from '../../../packages/instants';
import { importFolder, rejectionReasons, takeKnowledge } from '../../../packages/raw-data';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  NOW,
  openTestDuckDb,
  PLAN_CHANGES,
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

const oneUser = csv(USERS, 'u1,2025-01-01T00:00:00Z,free');

/** A file with one row besides a good one; the row's first fault decides. */
const rejectionCases: [
  reason: string,
  what: string,
  table: keyof Files,
  header: string,
  row: string,
][] = [
  ['invalid_id', 'an empty user id', 'users', USERS, ',2025-01-01,free'],
  ['invalid_id', 'a quoted empty user id', 'users', USERS, '"",2025-01-01,free'],
  ['invalid_id', 'a blank user id', 'users', USERS, '   ,2025-01-01,free'],
  [
    'invalid_id',
    'a user id of 129 characters',
    'users',
    USERS,
    `${'x'.repeat(129)},2025-01-01,free`,
  ],
  ['invalid_id', 'a newline in an id', 'users', USERS, '"a\nb",2025-01-01,free'],
  ['invalid_id', 'a control character in an id', 'users', USERS, 'a\u0007b,2025-01-01,free'],
  ['invalid_id', 'a no-break space in an id', 'users', USERS, 'a\u00a0b,2025-01-01,free'],
  ['invalid_id', 'an empty session id', 'user_events', USER_EVENTS, 'e1,u1,,login,2025-02-01'],
  ['invalid_id', 'an empty event id', 'user_events', USER_EVENTS, ',u1,s1,login,2025-02-01'],
  ['invalid_id', 'an empty user reference', 'plan_changes', PLAN_CHANGES, 'c1,,pro,2025-02-01'],
  ['invalid_value', 'an empty plan', 'users', USERS, 'u2,2025-01-01,'],
  [
    'invalid_value',
    'a newline in a plan',
    'plan_changes',
    PLAN_CHANGES,
    'c1,u1,"p\nro",2025-02-01',
  ],
  ['invalid_value', 'an empty event type', 'user_events', USER_EVENTS, 'e1,u1,s1,,2025-02-01'],
  [
    'invalid_value',
    'an empty amount',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,charge_succeeded,,2025-02-01',
  ],
  [
    'invalid_value',
    'an amount in words',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,ten,2025-02-01',
  ],
  [
    'invalid_value',
    'an amount with an exponent',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,1e3,2025-02-01',
  ],
  [
    'invalid_value',
    'an amount with a thousands separator',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,"1,000",2025-02-01',
  ],
  [
    'invalid_value',
    'an amount of a lone point',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,.,2025-02-01',
  ],
  ['invalid_value', 'NaN', 'billing_events', BILLING_EVENTS, 'b1,u1,refund,NaN,2025-02-01'],
  [
    'invalid_value',
    'an amount beyond 13 digits',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,12345678901234,2025-02-01',
  ],
  ['invalid_time', 'an empty time', 'user_events', USER_EVENTS, 'e1,u1,s1,login,'],
  ['invalid_time', 'a day that does not exist', 'users', USERS, 'u2,2025-02-29,free'],
  ['invalid_time', 'an hour 24', 'users', USERS, 'u2,2025-01-01T24:00:00Z,free'],
  ['invalid_time', 'a second 60', 'users', USERS, 'u2,2025-01-01T00:00:60Z,free'],
  ['invalid_time', 'epoch seconds', 'users', USERS, 'u2,1735689600,free'],
  ['invalid_time', 'nanoseconds', 'users', USERS, 'u2,2025-01-01T00:00:00.123456789Z,free'],
  ['invalid_time', 'infinity', 'users', USERS, 'u2,infinity,free'],
  ['invalid_time', 'the year 0', 'users', USERS, 'u2,0000-01-01,free'],
  [
    'invalid_time',
    'an arrival that is no time',
    'users',
    `${USERS},ingested_at`,
    'u2,2025-01-01,free,soon',
  ],
  ['invalid_time', 'an empty arrival', 'users', `${USERS},ingested_at`, 'u2,2025-01-01,free,'],
  [
    'unknown_billing_type',
    'a billing type of its own',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,charged,1,2025-02-01',
  ],
  [
    'negative_amount',
    'a negative amount',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,-1,2025-02-01',
  ],
  [
    'negative_amount',
    'a negative part of a cent',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,-0.001,2025-02-01',
  ],
  [
    'sub_cent_amount',
    'half a cent',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,0.005,2025-02-01',
  ],
  [
    'sub_cent_amount',
    'a fraction in amount_cents',
    'billing_events',
    BILLING_EVENTS.replace('amount', 'amount_cents'),
    'b1,u1,refund,1.5,2025-02-01',
  ],
  [
    'other_currency',
    'another currency',
    'billing_events',
    `${BILLING_EVENTS},currency`,
    'b1,u1,refund,1,2025-02-01,EUR',
  ],
  [
    'in_the_future',
    'an event 5 minutes and 1 µs ahead',
    'user_events',
    USER_EVENTS,
    'e1,u1,s1,login,2026-01-01T00:05:00.000001Z',
  ],
  [
    'in_the_future',
    'an arrival ahead',
    'users',
    `${USERS},ingested_at`,
    'u2,2025-01-01,free,2026-01-01T00:05:00.000001Z',
  ],
  [
    'in_the_future',
    'a signup in the year 9999',
    'users',
    USERS,
    'u2,9999-12-31T23:59:59.999999Z,free',
  ],
  [
    'after_arrival',
    'an event 5 minutes and 1 µs after its arrival',
    'user_events',
    `${USER_EVENTS},ingested_at`,
    'e1,u1,s1,login,2025-02-01T00:05:00.000001Z,2025-02-01T00:00:00Z',
  ],
  [
    'after_arrival',
    'a signup after its arrival',
    'users',
    `${USERS},ingested_at`,
    'u2,2025-02-01,free,2025-01-01',
  ],
  ['unknown_user', 'an unknown user', 'user_events', USER_EVENTS, 'e1,u9,s1,login,2025-02-01'],
  [
    'unknown_user',
    'a user whose id differs in case',
    'plan_changes',
    PLAN_CHANGES,
    'c1,U1,pro,2025-02-01',
  ],
  [
    'before_signup',
    'an event 1 µs before signup',
    'user_events',
    USER_EVENTS,
    'e1,u1,s1,login,2024-12-31T23:59:59.999999Z',
  ],
  [
    'before_signup',
    'a payment before signup',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,1,2024-12-31',
  ],
];

describe('a bad row', () => {
  it.each(rejectionCases)('is rejected as %s: %s', async (reason, _what, table, header, row) => {
    const files = { users: oneUser, [table]: csv(header, row) };
    const report = await fixture.load(files);
    expect(report.rejected[table]).toEqual({ [reason]: 1 });
    expect(report.loaded[table]).toBe(0);
    expect(await rejectedRows(fixture.database)).toEqual([`${table}.csv:1 ${reason}`]);
  });

  it('is rejected with the first fault in the order of the reasons', async () => {
    const rows = [
      ',u9,s1,,,',
      'e1,u9,s1,,,',
      'e2,u9,s1,login,,',
      'e3,u9,s1,login,2027-01-01,2025-01-01',
      'e4,u9,s1,login,2025-03-01,2025-01-01',
      'e5,u9,s1,login,2024-01-01,2025-01-01',
      'e6,u1,s1,login,2024-01-01,2025-01-01',
    ];
    const money = [
      'b1,u1,what,-0.001,EUR,2027-01-01',
      'b2,u1,refund,-0.001,EUR,2027-01-01',
      'b3,u1,refund,0.001,EUR,2027-01-01',
      'b4,u1,refund,1,EUR,2027-01-01',
    ];
    await fixture.load({
      users: oneUser,
      user_events: csv(`${USER_EVENTS},ingested_at`, ...rows),
      billing_events: csv('event_id,user_id,event_type,amount,currency,event_time', ...money),
    });
    const reasons = (await rejectedRows(fixture.database)).map((text) => text.split(' ')[1]);
    const found = [...reasons.slice(4, 7), ...reasons.slice(0, 4), ...reasons.slice(7)];
    expect(found).toEqual(rejectionReasons.filter((reason) => reason !== 'conflicting_duplicate'));
  });

  it('leaves the good rows of its file alone', async () => {
    const report = await fixture.load({
      users: csv(USERS, 'u1,2025-01-01,free', ',2025-01-01,free', 'u2,2025-01-02,pro'),
    });
    expect(report).toMatchObject({
      batch: 1,
      loaded: { users: 2 },
      rejected: { users: { invalid_id: 1 } },
    });
    expect(await rejectedRows(fixture.database)).toEqual(['users.csv:2 invalid_id']);
  });

  it('makes rows that refer to it unknown_user', async () => {
    const report = await fixture.load({
      users: csv(USERS, 'u1,2025-02-30,free'),
      user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-03-01'),
    });
    expect(report.rejected).toMatchObject({
      users: { invalid_time: 1 },
      user_events: { unknown_user: 1 },
    });
  });
});

describe('a good row', () => {
  const accepted: [what: string, table: keyof Files, header: string, row: string][] = [
    ['an id of 128 characters', 'users', USERS, `${'é'.repeat(128)},2025-01-01,free`],
    ['an id with a comma, a quote and a space', 'users', USERS, '"a, ""b"" c",2025-01-01,free'],
    ['an id in another script', 'users', USERS, '用户-7,2025-01-01,free'],
    [
      'an event exactly at signup',
      'user_events',
      USER_EVENTS,
      'e1,u1,s1,login,2025-01-01T00:00:00Z',
    ],
    ['an event 5 minutes ahead', 'user_events', USER_EVENTS, 'e1,u1,s1,login,2026-01-01T00:05:00Z'],
    [
      'an event 5 minutes after its arrival',
      'user_events',
      `${USER_EVENTS},ingested_at`,
      'e1,u1,s1,login,2025-02-01T00:05:00Z,2025-02-01T00:00:00Z',
    ],
    [
      'a row that arrives before its user',
      'user_events',
      `${USER_EVENTS},ingested_at`,
      'e1,u1,s1,login,2025-01-01,2025-01-01',
    ],
    [
      'a cancellation without an amount',
      'billing_events',
      BILLING_EVENTS,
      'b1,u1,subscription_cancelled,,2025-02-01',
    ],
    [
      'the currency in small letters',
      'billing_events',
      `${BILLING_EVENTS},currency`,
      'b1,u1,refund,1,2025-02-01,usd',
    ],
  ];
  it.each(accepted)('is loaded: %s', async (_what, table, header, row) => {
    const report = await fixture.load({ users: oneUser, [table]: csv(header, row) });
    expect(report.loaded[table]).toBe(1);
    expect(report.rejected[table]).toEqual({});
  });

  it.each([
    ['29.33', 2933],
    ['0', 0],
    ['-0', 0],
    ['5.', 500],
    ['.5', 50],
    ['+1.10', 110],
    ['0.010000', 1],
    ['007', 700],
    [' 3 ', 300],
    ['9999999999999.99', 999_999_999_999_999],
  ])('has the amount %j as exactly %d cents', async (amount, cents) => {
    await fixture.load({
      users: oneUser,
      billing_events: csv(BILLING_EVENTS, `b1,u1,refund,${amount},2025-02-01`),
    });
    const [row] = await fixture.database
      .sql`SELECT amount_cents, currency FROM raw_data.billing_events`;
    expect(row).toEqual({ amount_cents: cents, currency: 'USD' });
  });

  it.each([
    '2025-02-01',
    '2025-02-01T03:04',
    '2025-02-01 03:04:05',
    '2025-02-01T03:04:05.6Z',
    '2025-02-01T03:04:05.123457Z',
    '2025-02-01t03:04:05.123456000z',
    '2025-02-01T03:04Z',
    '2025-02-01T03:04:05.000001+02',
    '2025-02-01T03:04:05-0530',
    '2025-02-01 03:04+05:45',
    ' 2025-02-01 ',
  ])('has the moment that packages/instants reads from %j', async (text) => {
    await fixture.load({ users: oneUser, user_events: csv(USER_EVENTS, `e1,u1,s1,login,${text}`) });
    const [row] = await fixture.database.sql<{ micros: string }[]>`
      SELECT (extract(epoch FROM event_time) * 1000000)::bigint::text AS micros FROM raw_data.user_events`;
    expect(row?.micros).toBe(String(parseInstant(text.replace(/(\.\d{6})0+/, '$1'))));
  });
});

describe('a row whose id is known', () => {
  const event = 'e1,u1,s1,login,2025-02-01T00:00:00Z';
  const load = (...rows: string[]) =>
    fixture.load({ users: oneUser, user_events: csv(USER_EVENTS, ...rows) });

  it('is unchanged when its content is the same, and makes no batch', async () => {
    await load(event);
    const report = await load(event);
    expect(report).toMatchObject({
      batch: null,
      loaded: { user_events: 0 },
      unchanged: { users: 1, user_events: 1 },
    });
    const batches = await fixture.database.sql`SELECT batch FROM ops.load_batches`;
    expect(batches).toHaveLength(1);
  });

  it('is unchanged within one file too', async () => {
    const report = await load(event, event, event);
    expect(report).toMatchObject({
      loaded: { user_events: 1 },
      unchanged: { user_events: 2 },
      rejected: { user_events: {} },
    });
  });

  it.each([
    ['user', 'e1,u2,s1,login,2025-02-01T00:00:00Z'],
    ['session', 'e1,u1,s2,login,2025-02-01T00:00:00Z'],
    ['type', 'e1,u1,s1,view,2025-02-01T00:00:00Z'],
    ['time', 'e1,u1,s1,login,2025-02-01T00:00:00.000001Z'],
  ])('is a conflicting_duplicate when its %s is another', async (_what, changed) => {
    const users = csv(USERS, 'u1,2025-01-01T00:00:00Z,free', 'u2,2025-01-01,free');
    await fixture.load({ users, user_events: csv(USER_EVENTS, event) });
    const before = await rowsOf(fixture.database, 'user_events');
    const report = await fixture.load({ users, user_events: csv(USER_EVENTS, changed) });
    expect(report.rejected.user_events).toEqual({ conflicting_duplicate: 1 });
    expect(await rowsOf(fixture.database, 'user_events')).toEqual(before);
  });

  it('lets the first of a file win', async () => {
    const report = await load(event, 'e1,u1,s1,view,2025-01-15', event);
    expect(report).toMatchObject({
      loaded: { user_events: 1 },
      unchanged: { user_events: 1 },
      rejected: { user_events: { conflicting_duplicate: 1 } },
    });
    expect(await rejectedRows(fixture.database)).toEqual([
      'user_events.csv:2 conflicting_duplicate',
    ]);
  });

  it('lets the one that arrived first win where arrival is carried', async () => {
    const header = `${USER_EVENTS},ingested_at`;
    await fixture.load({
      users: oneUser,
      user_events: csv(header, `${event},2025-02-03`, `${event},2025-02-02`),
    });
    const [row] = await fixture.database
      .sql`SELECT ingested_at::text AS at FROM raw_data.user_events`;
    expect(row?.at).toBe('2025-02-02 00:00:00+00');
  });

  it('loads after a faulty row with the same id', async () => {
    const report = await load('e1,u9,s1,login,2025-02-01', event);
    expect(report).toMatchObject({
      loaded: { user_events: 1 },
      rejected: { user_events: { unknown_user: 1 } },
    });
  });

  it('keeps its first arrival when it is sent again', async () => {
    const header = `${USER_EVENTS},ingested_at`;
    await fixture.load({ users: oneUser, user_events: csv(header, `${event},2025-02-02`) });
    const report = await fixture.load({
      users: oneUser,
      user_events: csv(header, `${event},2025-02-03`),
    });
    expect(report.unchanged.user_events).toBe(1);
  });

  it('is a conflict for a user with another country, even from none', async () => {
    await fixture.load({ users: csv(`${USERS},country`, 'u1,2025-01-01,free,') });
    const report = await fixture.load({ users: csv(`${USERS},country`, 'u1,2025-01-01,free,NL') });
    expect(report.rejected.users).toEqual({ conflicting_duplicate: 1 });
  });
});

describe('a file that is missing or malformed', () => {
  const refused: [what: string, files: Files, problem: RegExp][] = [
    ['no users', { user_events: csv(USER_EVENTS) }, /users\.csv .*missing/],
    [
      'a missing column',
      { users: csv('user_id,plan', 'u1,free') },
      /users\.csv has no column signup_time/,
    ],
    [
      'semicolons',
      { users: csv('user_id;signup_time;plan', 'u1;2025-01-01;free') },
      /users\.csv has no column user_id/,
    ],
    [
      'no amount at all',
      { users: oneUser, billing_events: csv('event_id,user_id,event_type,event_time') },
      /billing_events\.csv has no column amount_cents \(or amount\)/,
    ],
    [
      'both amounts',
      { users: oneUser, billing_events: csv(`${BILLING_EVENTS},amount_cents`) },
      /both amount and amount_cents/,
    ],
    [
      'a column twice',
      { users: csv(`${USERS},plan`, 'u1,2025-01-01,free,pro') },
      /users\.csv has column plan twice/,
    ],
    ['an empty file', { users: '' }, /users\.csv has no header/],
    [
      'a short row',
      { users: oneUser, user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01', 'e2,u1') },
      /user_events\.csv is malformed at line 3/,
    ],
    [
      'a long row',
      { users: csv(USERS, 'u1,2025-01-01,free,more') },
      /users\.csv is malformed at line 2/,
    ],
    ['an open quote', { users: csv(USERS, '"u1,2025-01-01,free') }, /users\.csv is malformed/],
  ];
  it.each(refused)(
    'stops the load before it changes anything: %s',
    async (_what, files, problem) => {
      await expect(fixture.load(files)).rejects.toMatchObject({
        code: 'INVALID_IMPORT',
        message: expect.stringMatching(problem),
      });
      for (const table of ['raw_data.users', 'raw_data.rejected_rows', 'ops.load_batches']) {
        expect(await fixture.database.sql`SELECT FROM ${fixture.database.sql(table)}`).toHaveLength(
          0,
        );
      }
    },
  );

  it('does not repeat the rows of a malformed file in its message', async () => {
    const failure: Error = await fixture.load({ users: csv(USERS, 'secret') }).then(
      () => fail(),
      (error) => error,
    );
    expect(failure.message).not.toContain('secret');
  });

  it.each([
    [
      'bytes that are not UTF-8',
      Buffer.concat([
        Buffer.from(`${USERS}\n`),
        Buffer.from([0xff, 0xfe]),
        Buffer.from(',2025-01-01,free\n'),
      ]),
      'users.csv',
    ],
    ['a Parquet file that is none', Buffer.from('not Parquet'), 'users.parquet'],
  ])('is refused: %s', async (_what, bytes, name) => {
    const folder = fixture.write({});
    writeFileSync(path.join(folder, name), bytes);
    await expect(fixture.load({}, { folder })).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      message: expect.stringContaining(name),
    });
  });

  it('is refused when the folder is not there', async () => {
    await expect(
      fixture.load({}, { folder: path.join(fixture.folder, 'nowhere') }),
    ).rejects.toMatchObject({ code: 'INVALID_IMPORT' });
  });

  it('is refused when a table is there as CSV and as Parquet', async () => {
    const folder = fixture.write({ users: oneUser });
    copyFileSync(path.join(folder, 'users.csv'), path.join(folder, 'users.parquet'));
    await expect(fixture.load({}, { folder })).rejects.toMatchObject({ code: 'INVALID_IMPORT' });
  });
});

describe('a CSV file', () => {
  it('may have a byte order mark, CRLF, quoted names, other columns in any order, and no last newline', async () => {
    const users =
      '\uFEFF"plan",note, user_id ,signup_time\r\nfree,"line one\r\nline two",u1,2025-01-01\r\npro,,u2,2025-01-02';
    const report = await fixture.load({ users });
    expect(report).toMatchObject({
      loaded: { users: 2 },
      ignored_columns: { users: ['note'], user_events: [] },
    });
  });

  it('may have a header alone', async () => {
    expect(await fixture.load({ users: csv(USERS) })).toMatchObject({
      batch: null,
      loaded: { users: 0 },
    });
  });

  it('orders ids by their bytes', async () => {
    const ids = ['a', 'B', 'é', 'z', '10', '9', '_'];
    await fixture.load({ users: csv(USERS, ...ids.map((id) => `${id},2025-01-01,free`)) });
    const rows = await fixture.database.sql`SELECT user_id FROM raw_data.users ORDER BY user_id`;
    expect(rows.map((row) => row.user_id)).toEqual(['10', '9', 'B', '_', 'a', 'z', 'é']);
  });
});

describe('a Parquet file', () => {
  const parquetOf = async (folder: string, table: string, query: string) => {
    const duckDb = await openTestDuckDb([folder]);
    await duckDb.run(`COPY (${query}) TO '${folder}/${table}.parquet' (FORMAT parquet)`);
    duckDb.close();
  };

  it('may have integer ids, and instants with or without a zone, to the microsecond', async () => {
    const folder = fixture.write({});
    await parquetOf(
      folder,
      'users',
      `SELECT 7 AS user_id, DATE '2025-01-01' AS signup_time, 'free' AS plan`,
    );
    await parquetOf(
      folder,
      'user_events',
      `
      SELECT 1::BIGINT AS event_id, 7::UTINYINT AS user_id, 3 AS session_id, 'login' AS event_type, TIMESTAMP '2025-02-01 00:00:00.000001' AS event_time
      UNION ALL SELECT 2, 7, 3, 'login', TIMESTAMP '2025-02-01 00:00:00.000002'`,
    );
    await parquetOf(
      folder,
      'billing_events',
      `
      SELECT 'b1' AS event_id, 7 AS user_id, 'refund' AS event_type, 29.33::DOUBLE AS amount, TIMESTAMPTZ '2025-02-01 02:00:00.123457+02' AS event_time`,
    );
    const report = await fixture.load({}, { folder });
    expect(report).toMatchObject({ loaded: { users: 1, user_events: 2, billing_events: 1 } });
    const [event] = await fixture.database
      .sql`SELECT event_id, session_id, event_time::text AS at FROM raw_data.user_events`;
    expect(event).toEqual({ event_id: '1', session_id: '3', at: '2025-02-01 00:00:00.000001+00' });
    const [bill] = await fixture.database
      .sql`SELECT amount_cents, event_time::text AS at FROM raw_data.billing_events`;
    expect(bill).toEqual({ amount_cents: 2933, at: '2025-02-01 00:00:00.123457+00' });
  });

  it('has nanoseconds refused row by row, unless they are whole microseconds', async () => {
    const folder = fixture.write({});
    await parquetOf(
      folder,
      'users',
      `
      SELECT 'u1' AS user_id, make_timestamp_ns(1735689600000000000) AS signup_time, 'free' AS plan
      UNION ALL SELECT 'u2', make_timestamp_ns(1735689600000000001), 'free'`,
    );
    const report = await fixture.load({}, { folder });
    expect(report).toMatchObject({
      loaded: { users: 1 },
      rejected: { users: { invalid_time: 1 } },
    });
  });

  it.each([
    [
      'ids that are fractions',
      `SELECT 1.5::DOUBLE AS user_id, DATE '2025-01-01' AS signup_time, 'free' AS plan`,
      'user_id',
    ],
    [
      'times that are numbers',
      `SELECT 1 AS user_id, 17::BIGINT AS signup_time, 'free' AS plan`,
      'signup_time',
    ],
    [
      'a nested column',
      `SELECT [1] AS user_id, DATE '2025-01-01' AS signup_time, 'free' AS plan`,
      'user_id',
    ],
  ])('is malformed with %s', async (_what, query, column) => {
    const folder = fixture.write({});
    await parquetOf(folder, 'users', query);
    await expect(fixture.load({}, { folder })).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      message: expect.stringContaining(`users.parquet has column ${column}`),
    });
  });
});

describe('arrival', () => {
  const files = { users: oneUser, user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01') };
  const arrivals = async () => {
    const [batch] = await fixture.database.sql`SELECT arrival FROM ops.load_batches`;
    const [event] = await fixture.database
      .sql`SELECT ingested_at::text AS at, ingested_at = event_time AS assumed, ingested_at > clock_timestamp() - interval '1 minute' AS recent FROM raw_data.user_events`;
    return { ...event, arrival: batch?.arrival };
  };

  it('is the event time where the source does not say', async () => {
    await fixture.load(files);
    expect(await arrivals()).toMatchObject({ arrival: 'assumed', assumed: true });
  });

  it('is the clock of the database when asked for', async () => {
    await fixture.load(files, { arrival: 'now', now: undefined });
    expect(await arrivals()).toMatchObject({ arrival: 'now', recent: true });
  });

  it('is what the source carries, whatever is asked for', async () => {
    await fixture.load(
      {
        users: csv(`${USERS},ingested_at`, 'u1,2025-01-01,free,2025-01-02'),
        user_events: csv(`${USER_EVENTS},ingested_at`, 'e1,u1,s1,login,2025-02-01,2025-03-01'),
      },
      { arrival: 'now' },
    );
    expect(await arrivals()).toMatchObject({ arrival: 'carried', at: '2025-03-01 00:00:00+00' });
  });
});

describe('completeness', () => {
  const event = (id: string, time: string) => csv(USER_EVENTS, `${id},u1,s1,login,${time}`);
  const complete = async () => (await takeKnowledge(fixture.database)).completeThrough;

  it('is the greatest accepted user event by default', async () => {
    await fixture.load({
      users: oneUser,
      user_events: csv(
        USER_EVENTS,
        'e1,u1,s1,login,2025-02-01T00:00:00.000001Z',
        'e2,u1,s1,login,2025-01-05',
        'e3,u9,s1,login,2025-06-01',
        'e1,u1,s1,login,2025-07-01',
      ),
    });
    expect(await complete()).toBe('2025-02-01T00:00:00.000001Z');
  });

  it('is what the load says, and never goes back', async () => {
    await fixture.load(
      { users: oneUser, user_events: event('e1', '2025-02-01') },
      { completeThrough: parseInstant('2025-03-01') },
    );
    await fixture.load({ users: oneUser, user_events: event('e2', '2025-02-02') });
    expect(await complete()).toBe('2025-03-01T00:00:00.000000Z');
  });

  it('is not moved by a load without user events', async () => {
    await fixture.load(
      { users: oneUser, billing_events: csv(BILLING_EVENTS, 'b1,u1,refund,1,2025-05-01') },
      { completeThrough: parseInstant('2025-03-01') },
    );
    expect(await complete()).toBeNull();
  });
});

describe('the CDNOW sample', () => {
  it('loads whole', async () => {
    const report = await fixture.load({}, { folder: path.resolve('examples/cdnow') });
    expect(report).toMatchObject({
      batch: 1,
      loaded: { users: 2357, plan_changes: 0, user_events: 13_838, billing_events: 6911 },
      rejected: { users: {}, plan_changes: {}, user_events: {}, billing_events: {} },
    });
    const [sum] = await fixture.database
      .sql`SELECT sum(amount_cents)::text AS cents FROM raw_data.billing_events`;
    expect(Number(sum?.cents)).toBeGreaterThan(0);
  });
});

it('numbers batches in commit order and stores their counts', async () => {
  await fixture.load({ users: oneUser });
  await fixture.load({
    users: csv(USERS, 'u1,2025-01-01T00:00:00Z,free', 'u2,2025-01-01,free', 'u3,never,free'),
  });
  const batches = await fixture.database.sql`
    SELECT batch, source, loaded->'users' AS loaded, unchanged->'users' AS unchanged, rejected->'users' AS rejected FROM ops.load_batches ORDER BY batch`;
  expect([...batches]).toEqual([
    { batch: 1, source: 'import', loaded: 1, unchanged: 0, rejected: 0 },
    { batch: 2, source: 'import', loaded: 1, unchanged: 1, rejected: 1 },
  ]);
});

it('refuses an installation with another currency', async () => {
  await fixture.load({ users: oneUser });
  await expect(fixture.load({ users: oneUser }, { currency: 'EUR' })).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
});

it('reports progress table by table', async () => {
  const seen: string[] = [];
  await importFolder({
    database: fixture.database,
    folder: fixture.write({
      users: oneUser,
      plan_changes: csv(PLAN_CHANGES, 'c1,u1,pro,2025-02-01'),
    }),
    scratchDir: fixture.scratchDir,
    openDuckDb: openTestDuckDb,
    currency: 'USD',
    arrival: 'assumed',
    now: () => NOW,
    onProgress: ({ table, rows }) => seen.push(`${table} ${rows}`),
  });
  expect(seen).toEqual(['users 1', 'plan_changes 1']);
  expect(formatInstant(NOW)).toBe('2026-01-01T00:00:00.000000Z');
});
