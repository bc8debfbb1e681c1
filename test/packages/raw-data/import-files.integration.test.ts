import { copyFileSync, mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { openDuckDb } from '../../../packages/duckdb/open-duckdb';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  ONE_USER,
  rejectedRows,
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

describe('a file that is missing or malformed', () => {
  const refused: [what: string, files: Files, problem: RegExp][] = [
    ['no users', { user_events: csv(USER_EVENTS) }, /users\.csv .*missing/],
    [
      'a missing column',
      { users: csv('user_id,plan', 'u1,free') },
      /users\.csv has no column signup_time/,
    ],
    [
      'another delimiter than four',
      { users: csv('user_id^signup_time^plan', 'u1^2025-01-01^free') },
      /users\.csv has no column user_id/,
    ],
    [
      'no amount at all',
      { users: ONE_USER, billing_events: csv('event_id,user_id,event_type,event_time') },
      /billing_events\.csv has no column amount_cents \(or amount\)/,
    ],
    [
      'both amounts',
      { users: ONE_USER, billing_events: csv(`${BILLING_EVENTS},amount_cents`) },
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
      { users: ONE_USER, user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01', 'e2,u1') },
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

  it('is refused when a table is a folder, or a link to nowhere: it would count as loaded without', async () => {
    const folder = fixture.write({ users: ONE_USER });
    const refused = expect.objectContaining({ code: 'INVALID_IMPORT' }) as Error;
    mkdirSync(path.join(folder, 'user_events.parquet'));
    await expect(fixture.load({}, { folder })).rejects.toEqual(refused);
    rmdirSync(path.join(folder, 'user_events.parquet'));
    symlinkSync('nowhere', path.join(folder, 'plan_changes.csv'));
    await expect(fixture.load({}, { folder })).rejects.toEqual(refused);
  });

  it('is refused when a table is there as CSV and as Parquet', async () => {
    const folder = fixture.write({ users: ONE_USER });
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
    const duckDb = await fixture.openDuckDb([folder]);
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

  it('has nanoseconds rounded up, so that an event is after the moment that it is after', async () => {
    const folder = fixture.write({});
    await parquetOf(
      folder,
      'users',
      `
      SELECT 'u1' AS user_id, make_timestamp_ns(1735689600000000000) AS signup_time, 'free' AS plan
      UNION ALL SELECT 'u2', make_timestamp_ns(1735689600000000001), 'free'`,
    );
    const report = await fixture.load({}, { folder });
    expect(report.loaded.users).toBe(2);
    const times = await fixture.database.sql`
      SELECT signup_time::text AS at FROM raw_data.users ORDER BY user_id`;
    expect(times.map(({ at }) => at)).toEqual([
      '2025-01-01 00:00:00+00',
      '2025-01-01 00:00:00.000001+00',
    ]);
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

describe('files of many kinds in one load', () => {
  it('are one table, whose rejected rows are known by their file and their number there', async () => {
    const folder = fixture.write({}, "it's a * day [12]?");
    const write = (name: string, content: string | Buffer) => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    };
    write('USERS.tsv', 'Plan\tUSER_ID\tsignup_time\tnote\nfree\tu1\t2025-01-01\tx\n');
    write('user_events/_SUCCESS', '');
    write('user_events/day=1/a.csv.gz', gzipSync(csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01')));
    write('user_events/day=1/b.csv', csv(USER_EVENTS));
    write(
      'user_events/day=2/a.csv',
      csv(
        'event_time;event_id;user_id;session_id;event_type',
        '2025-02-02;e2;u1;s1;login',
        'x;e3;u1;s1;login',
      ),
    );
    write(
      'user_events/day=2/b.csv',
      csv(USER_EVENTS, ',u1,s1,login,2025-02-01', 'e4,u9,s1,login,2025-02-01'),
    );
    write(
      'billing_events.jsonl',
      '{"event_id":"b1","user_id":"u1","event_type":"refund","amount":1.5,"event_time":"2025-02-03"}\n' +
        '{"event_id":{"id":2},"user_id":"u1","event_type":"refund","amount":1,"event_time":"2025-02-03"}\n',
    );
    const report = await fixture.load(
      {},
      {
        folder,
        scratchDir: path.join(folder, '..', 'scratch[1]'),
        // One that may read nothing but what it is given.
        openDuckDb: (directories) =>
          openDuckDb({
            allowedDirectories: directories,
            scratchDirectory: directories.at(-1)!,
            memoryMegabytes: 256,
            threads: 2,
          }),
      },
    );
    expect(report).toMatchObject({
      loaded: { users: 1, user_events: 2, billing_events: 1 },
      ignored_files: ['user_events/_SUCCESS'],
      ignored_columns: { users: ['note'], user_events: [] },
    });
    expect(report.files[0]).toEqual({
      path: 'USERS.tsv',
      table: 'users',
      format: 'csv',
      compression: 'none',
      attributes: [],
      ignored_columns: ['note'],
    });
    expect(report.files.map((file) => `${file.path} ${file.compression}`).slice(1)).toEqual([
      'user_events/day=1/a.csv.gz gzip',
      'user_events/day=1/b.csv none',
      'user_events/day=2/a.csv none',
      'user_events/day=2/b.csv none',
      'billing_events.jsonl none',
    ]);
    expect(await rejectedRows(fixture.database)).toEqual([
      'billing_events.jsonl:2 invalid_id',
      'user_events/day=2/a.csv:2 invalid_time',
      'user_events/day=2/b.csv:1 invalid_id',
      'user_events/day=2/b.csv:2 unknown_user',
    ]);
  });

  it('have the numbers that are written, whatever a 64-bit float makes of them', async () => {
    const row = (id: string, amount: string) =>
      `{"event_id":"${id}","user_id":"u1","event_type":"charge_succeeded","amount":${amount},"event_time":"2025-02-01"}\n`;
    const amounts = ['29.330000000000000001', '29.3300000000000000000', '29.33', '1e-400'];
    const folder = fixture.write({ users: ONE_USER });
    const lines = amounts.map((amount, index) => row(`b${index}`, amount)).join('');
    writeFileSync(path.join(folder, 'billing_events.jsonl.gz'), gzipSync(lines));
    await fixture.load({}, { folder });
    const { sql } = fixture.database;
    expect([
      ...(await sql`SELECT event_id, amount_cents::int FROM raw_data.billing_events ORDER BY 1`),
    ]).toEqual([
      { event_id: 'b1', amount_cents: 2933 },
      { event_id: 'b2', amount_cents: 2933 },
    ]);
    expect([
      ...(await sql`SELECT line, reason, "values" ->> 'amount' AS amount
        FROM raw_data.rejected_rows ORDER BY line`),
    ]).toEqual([
      { line: 1, reason: 'sub_cent_amount', amount: amounts[0] },
      { line: 4, reason: 'invalid_value', amount: amounts[3] },
    ]);
  });

  it('are refused when they are packed twice', async () => {
    const folder = fixture.write({});
    writeFileSync(path.join(folder, 'users.csv.gz'), gzipSync(gzipSync(ONE_USER)));
    await expect(fixture.load({}, { folder })).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      details: { problem: 'users.csv.gz is packed twice; unpack it once' },
    });
  });

  it('are refused when a byte follows their gzip data, which DuckDB does not read', async () => {
    const folder = fixture.write({});
    const packed = Buffer.concat([gzipSync(ONE_USER), Buffer.from([0])]);
    writeFileSync(path.join(folder, 'users.csv.gz'), packed);
    await expect(fixture.load({}, { folder })).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      details: { problem: 'users.csv.gz is malformed (Input is not a GZIP stream)' },
    });
  });

  it('are named without the controls in their names, which could hide what a terminal shows', async () => {
    const folder = fixture.write({ users: ONE_USER });
    writeFileSync(path.join(folder, 'a\u001b[2K\u202e\n.txt'), '');
    const error = await fixture.load({}, { folder }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      code: 'INVALID_IMPORT',
      message: expect.stringContaining(
        String.raw`a\u{1b}[2K\u{202e}\u{a}.txt is not read`,
      ) as string,
    });
  });

  const JSON_USER = '{"user_id":"secret","signup_time":"2025-01-01","plan":"free"}\n';
  it.each([
    ['no object', `${JSON_USER}"secret"\n`, 'users.jsonl is malformed at line 2 (Expected OBJECT)'],
    [
      'a key twice',
      JSON_USER.replace('{', '{"plan":"pro",'),
      'users.jsonl is malformed at line 1 (duplicate key "plan")',
    ],
    [
      'a key twice in an array',
      `[${JSON_USER},${JSON_USER.replace('{', '{"plan":"pro",')}]`,
      'users.jsonl is malformed in object 2 (duplicate key "plan")',
    ],
  ])('are refused without their rows when a line of JSON is %s', async (_what, text, problem) => {
    const folder = fixture.write({});
    writeFileSync(path.join(folder, 'users.jsonl'), text);
    await expect(fixture.load({}, { folder })).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      details: { problem },
    });
  });
});
