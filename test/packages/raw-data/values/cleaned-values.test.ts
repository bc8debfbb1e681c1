import { createCleaningFixture, type CleaningFixture } from './cleaning-fixture';

let fixture: CleaningFixture;
beforeAll(async () => {
  fixture = await createCleaningFixture();
});
afterAll(() => fixture.remove());

const MICROS_PER_DAY = 86_400_000_000n;
const JAN_20 = 19_742n * MICROS_PER_DAY; // 2024-01-20

describe('text', () => {
  it('is read without the blanks around it, in every column', async () => {
    const folder = await fixture.write({
      'users.csv': ['user_id, signup_time, plan , country', 'sp0, 2024-01-20, pro, DE '],
      'user_events.csv': [
        'event_id, user_id, session_id, event_type, event_time',
        'spe0,sp0,s1, login, 2024-01-20',
        'spe1,sp0 ,s1 ,\tlogin,\u00a02024-01-20T00:00:00Z\u3000',
      ],
      'billing_events.csv': [
        'event_id, user_id, event_type, amount_cents, currency, event_time',
        'spb0,sp0, charge_succeeded, 1000, usd , 2024-01-20',
      ],
      'plan_changes.csv': ['change_id, user_id, plan, event_time', 'spc1, sp0, pro, 2024-01-20'],
    });
    const [user] = await fixture.clean(folder, 'users');
    const [first, second] = await fixture.clean(folder, 'user_events');
    const [bill] = await fixture.clean(folder, 'billing_events');
    const [change] = await fixture.clean(folder, 'plan_changes');
    expect(user).toMatchObject({ user_id: 'sp0', plan: 'pro', country: 'DE', reason: null });
    const event = { user_id: 'sp0', session_id: 's1', event_type: 'login', event_time: JAN_20 };
    expect(first).toMatchObject(event);
    expect(second).toMatchObject(event);
    expect(bill).toMatchObject({
      event_type: 'charge_succeeded',
      amount_cents: 1000n,
      currency: 'USD',
    });
    expect(change).toMatchObject({ plan: 'pro', event_time: JAN_20 });
  });

  it('is trimmed as String.prototype.trim does it', async () => {
    const blanks = [...'\t\v\f \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'];
    const texts = [
      ...blanks.flatMap((blank) => [`${blank}a`, `a${blank}`, `${blank}a b${blank}${blank}`]),
      'a\u00a0b',
      '\u200ba',
      'é',
      '\u00a0',
      '~',
      '\u007f',
    ];
    const lines = texts.map((text) => `"${text}",2024-01-20,free`);
    const rows = await fixture.cleanLines('users', ['user_id,signup_time,plan', ...lines]);
    const isId = (text: string) => /^(?:[^\p{C}\p{Z}]| )+$/u.test(text);
    expect(rows.map((row) => row.user_id)).toEqual(
      texts.map((text) => text.trim()).map((text) => (isId(text) ? text : null)),
    );
  });

  it('in Parquet is trimmed too', async () => {
    const sql = `SELECT ' u1 ' AS user_id, ' 2024-01-20 ' AS signup_time, 'pro '::ENUM ('pro ') AS plan`;
    const [row] = await fixture.clean(await fixture.write({ 'users.parquet': { sql } }), 'users');
    expect(row).toMatchObject({ user_id: 'u1', signup_time: JAN_20, plan: 'pro' });
  });
});

describe('a word for a missing value', () => {
  const words = [
    'NULL',
    'null',
    String.raw`\N`,
    'NaN',
    'nan',
    'None',
    '<NA>',
    'N/A',
    'n/a',
    '#N/A',
  ];
  const names = ['NA', 'Null', 'none', 'nil', 'NaNa', '-', '0'];

  it.each(words)('%s is no id and no name, and no country', async (word) => {
    const rows = await fixture.cleanLines('users', [
      'user_id,signup_time,plan,country',
      `${word},2024-01-20,free,DE`,
      `u1,2024-01-20,${word},DE`,
      `u2,2024-01-20,free, ${word} `,
      `u3,${word},free,DE`,
    ]);
    expect(rows.map(({ reason }) => reason)).toEqual([
      'invalid_id',
      'invalid_value',
      null,
      'invalid_time',
    ]);
    expect(rows[2]).toMatchObject({ user_id: 'u2', country: null });
  });

  it.each(names)('is not %s', async (name) => {
    const [row] = await fixture.cleanLines('users', [
      'user_id,signup_time,plan,country',
      `${name},2024-01-20,${name},${name}`,
    ]);
    expect(row).toMatchObject({ reason: null, user_id: name, plan: name, country: name });
  });

  it('is as good as an empty amount or currency', async () => {
    const lines = [...words, 'NA', 'NaT', ''].flatMap((word) => [
      `b,u1,subscription_cancelled,${word},2024-01-20,${word}`,
      `b,u1,charge_failed,${word},2024-01-20,USD`,
    ]);
    const rows = await fixture.cleanLines('billing_events', [
      'event_id,user_id,event_type,amount,event_time,currency',
      ...lines,
    ]);
    for (const [index, row] of rows.entries()) {
      const expected =
        index % 2 === 0
          ? { reason: null, amount_cents: 0n, currency: 'USD' }
          : { reason: 'invalid_value' };
      expect(row).toMatchObject(expected);
    }
  });

  it('of a Parquet file of pandas is the missing value', async () => {
    const sql = `SELECT 'b1' AS event_id, 'u1' AS user_id, 'subscription_started' AS event_type,
      'nan'::DOUBLE AS amount, 'None' AS currency, TIMESTAMP '2024-01-20' AS event_time`;
    const folder = await fixture.write({
      'users.csv': ['user_id,signup_time,plan'],
      'billing_events.parquet': { sql },
    });
    const [row] = await fixture.clean(folder, 'billing_events');
    expect(row).toMatchObject({ reason: null, amount_cents: 0n, currency: 'USD' });
  });
});

describe('an id', () => {
  const clean = async (value: string) => {
    const sql = `SELECT ${value} AS user_id, DATE '2024-01-20' AS signup_time, ${value} AS plan`;
    const [row] = await fixture.clean(await fixture.write({ 'users.parquet': { sql } }), 'users');
    return row!;
  };

  it.each([
    ['42::UTINYINT', '42'],
    ['18446744073709551615::UBIGINT', '18446744073709551615'],
    ['99999999999999999999999999999999999999::DECIMAL(38, 0)', '9'.repeat(38)],
    ['7::DECIMAL(18, 2)', '7'],
    ['-7::DECIMAL(9, 4)', '-7'],
    ['10.00::DECIMAL(38, 10)', '10'],
    ['0::DECIMAL(3, 3)', '0'],
  ])('may be %s', async (value, id) => {
    expect(await clean(value)).toMatchObject({ reason: null, user_id: id, plan: id });
  });

  it.each([['7.5::DECIMAL(18, 2)'], ['NULL::DECIMAL(18, 2)']])('is never %s', async (value) => {
    expect(await clean(value)).toMatchObject({ reason: 'invalid_id' });
  });

  it.each(['1::DOUBLE', '1::FLOAT', 'true', "DATE '2024-01-20'"])('refuses %s', async (value) => {
    await expect(clean(value)).rejects.toMatchObject({ code: 'INVALID_IMPORT' });
  });
});

describe('times as integers', () => {
  const seconds = 1_705_708_800n; // 2024-01-20
  const lines = (values: readonly string[]) => [
    'user_id,signup_time,plan',
    ...values.map((value, index) => `u${index},${value},free`),
  ];
  const timesOf = async (values: readonly string[]) =>
    (await fixture.cleanLines('users', lines(values))).map((row) => row.signup_time);

  it.each([
    ['seconds', 1n],
    ['milliseconds', 1_000n],
    ['microseconds', 1_000_000n],
  ])('are %s where all of the column can be nothing else', async (_unit, perSecond) => {
    const first = 315_532_800n * perSecond; // 1980-01-01
    const values = [seconds * perSecond, first, seconds * perSecond + 1n];
    const micros = values.map((value) => (value * 1_000_000n) / perSecond);
    expect(await timesOf(values.map(String))).toEqual(micros);
  });

  it('are nanoseconds, rounded up', async () => {
    const nanos = seconds * 1_000_000_000n;
    const found = await timesOf([nanos, nanos + 1n, nanos + 1_000n].map(String));
    expect(found).toEqual([JAN_20, JAN_20 + 1n, JAN_20 + 1n]);
  });

  it('may be missing, padded, or single ones outside the years 1980 to 2099', async () => {
    const found = await timesOf([' 1705708800', 'NULL', '', '0', '-1', '315532799', '1705708801 ']);
    expect(found).toEqual([JAN_20, null, null, null, null, null, JAN_20 + 1_000_000n]);
  });

  it.each([
    ['a date among them', ['1705708800', '2024-01-20']],
    ['a fraction among them', ['1705708800', '1705708800.5']],
    ['two units', ['1705708800', '1705708800000']],
    ['dates without separators', ['20240120', '20240121']],
    ['dates and times without separators', ['20240120120000', '20240121000000']],
    ['the same to the minute', ['202401201200']],
    ['numbers of Excel', ['45311']],
    ['more digits than fit', ['9'.repeat(30)]],
  ])('are none with %s', async (_what, values) => {
    const rows = await fixture.cleanLines('users', lines(values));
    const isDate = (value: string) => value.includes('-');
    expect(rows.map(({ reason }) => reason)).toEqual(
      values.map((value) => (isDate(value) ? null : 'invalid_time')),
    );
  });

  it('may come after a date, and then are no times', async () => {
    expect(await timesOf(['2024-01-20', '1705708800'])).toEqual([JAN_20, null]);
  });

  it('are decided column by column', async () => {
    const [row] = await fixture.cleanLines('users', [
      'user_id,signup_time,plan,ingested_at',
      'u1,1705708800,free,1705708800000',
    ]);
    expect(row).toMatchObject({ signup_time: JAN_20, ingested_at: JAN_20, reason: null });
  });

  it.each(['BIGINT', 'UBIGINT', 'DECIMAL(38, 0)', 'INTEGER'])(
    'may be typed %s in Parquet',
    async (type) => {
      const sql = `SELECT 'u' || t AS user_id, t::${type} AS signup_time, 'free' AS plan
        FROM (VALUES (1705708800), (1705708801), (NULL), (0)) AS r (t)`;
      const rows = await fixture.clean(await fixture.write({ 'users.parquet': { sql } }), 'users');
      const expected = [JAN_20, JAN_20 + 1_000_000n, null, null];
      expect(rows.map((row) => row.signup_time)).toEqual(expected);
    },
  );

  it('refuse a Parquet file where they are not certain, with what to do', async () => {
    const sql = `SELECT 'u' AS user_id, 20240120 AS signup_time, 'free' AS plan`;
    const folder = await fixture.write({ 'users.parquet': { sql } });
    await expect(fixture.clean(folder, 'users')).rejects.toThrow(
      /users\.parquet has column signup_time .*write times as text or as a Parquet timestamp/,
    );
    const empty = await fixture.write({ 'users.parquet': { sql: `${sql} WHERE false` } });
    expect(await fixture.clean(empty, 'users')).toEqual([]);
  });
});

describe('money in 32-bit floats', () => {
  it.each(['amount', 'amount_cents'])('is refused in the column %s', async (name) => {
    const sql = `SELECT 'b1' AS event_id, 'u1' AS user_id, 'refund' AS event_type,
      19.99::FLOAT AS ${name}, DATE '2024-01-20' AS event_time`;
    const folder = await fixture.write({
      'users.csv': ['user_id,signup_time,plan'],
      'billing_events.parquet': { sql },
    });
    await expect(fixture.clean(folder, 'billing_events')).rejects.toThrow(
      `billing_events.parquet has column ${name} with the type FLOAT, which has too few digits for money; write it as DOUBLE, DECIMAL or text`,
    );
  });
});
