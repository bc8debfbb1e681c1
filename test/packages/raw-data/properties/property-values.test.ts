import { inferTypes } from '../../../../packages/raw-data/properties/infer-types';
import { readDeclarations } from '../../../../packages/raw-data/properties/declared-properties';
import { propertyTypes, type PropertyType } from '../../../../packages/raw-data/raw-tables';
import { findSourceFiles } from '../../../../packages/raw-data/sources/find-source-files';
import { createCleaningFixture, type CleaningFixture } from '../values/cleaning-fixture';

let fixture: CleaningFixture;
beforeAll(async () => {
  fixture = await createCleaningFixture();
});
afterAll(() => fixture.remove());

const HEADER = 'event_id,user_id,session_id,event_type,event_time';
const USERS = 'user_id,signup_time,plan';
const event = (number: number) => `e${number},u1,s1,view,2025-01-01`;
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
const typesOf = (types: Readonly<Record<string, PropertyType>>) =>
  new Map([['user_events' as const, new Map(Object.entries(types))]]);

/** What each text of a column becomes, in a property of a type: its stored JSON, null, or the reason. */
async function read(type: PropertyType, texts: readonly string[]) {
  const lines = texts.map((text, at) => `${event(at)},${quoted(text)}`);
  const rows = await fixture.cleanLines('user_events', [`${HEADER},p_x`, ...lines], {
    properties: typesOf({ x: type }),
  });
  expect(rows).toHaveLength(texts.length);
  return Object.fromEntries(
    rows.map(({ properties, reason, faulty_property: fault }, at) => {
      expect(fault).toBe(reason === null ? null : 'x');
      const stored = properties === null ? null : /^\{"x":(.*)\}$/.exec(String(properties))![1];
      return [texts[at], reason ?? stored];
    }),
  );
}

const REJECTED = 'invalid_property';

describe('a value of a property', () => {
  it('is a text of characters that print', async () => {
    const long = 'ä'.repeat(1024);
    const expected = {
      pro: '"pro"',
      '  two words ': '"two words"',
      NA: '"NA"',
      '007': '"007"',
      'say "hi" \\ /': String.raw`"say \"hi\" \\ /"`,
      '日本語 😀': '"日本語 😀"',
      [long]: `"${long}"`,
      [`${long}x`]: REJECTED,
      'a\tb': REJECTED,
      'a\u00a0b': REJECTED,
    };
    expect(await read('text', Object.keys(expected))).toEqual(expected);
  });

  it('is a truth value in any case', async () => {
    const expected = { true: 'true', False: 'false', ' TRUE ': 'true', t: REJECTED, 1: REJECTED };
    expect(await read('boolean', Object.keys(expected))).toEqual(expected);
  });

  it('is a decimal, exactly, as an integer of millionths', async () => {
    const expected = {
      '0': '0',
      '-0.0': '0',
      '1': '1000000',
      '+1.5': '1500000',
      '.5': '500000',
      '5.': '5000000',
      '007': '7000000',
      '0.000001': '1',
      '-0.000001': '-1',
      '0.1': '100000',
      '1.1000000000': '1100000',
      '1.1234567': REJECTED,
      '9223372036854.775807': '9223372036854775807',
      '-9223372036854.775808': '-9223372036854775808',
      '9223372036854.775808': REJECTED,
      '1e3': REJECTED,
      '1,5': REJECTED,
      '--1': REJECTED,
      '.': REJECTED,
      inf: REJECTED,
      '٣': REJECTED,
    };
    expect(await read('decimal', Object.keys(expected))).toEqual(expected);
  });

  it.each(propertyTypes)('is absent where a word says so: %s', async (type) => {
    const words = [
      '',
      ' ',
      'NULL',
      '\\N',
      'nan',
      'None',
      ...(type === 'text' ? [] : ['NA', 'NaT']),
    ];
    const found = await read(type, words);
    expect(Object.values(found)).toEqual(words.map(() => null));
  });

  it('has a place by its name, whatever the order of the columns, and none without a type', async () => {
    const header = `${HEADER},p_b,P_ä,"p_a""b",p_Z,p_unknown`;
    const [row] = await fixture.cleanLines('user_events', [header, `${event(1)},true,ü,1.5,x,y`], {
      properties: typesOf({ b: 'boolean', ä: 'text', 'a"b': 'decimal', Z: 'text' }),
    });
    expect(row).toMatchObject({
      reason: null,
      properties: String.raw`{"Z":"x","a\"b":1500000,"b":true,"ä":"ü"}`,
    });
  });

  it('is judged after the row’s own columns, and the first one is named', async () => {
    const lines = [
      `${event(1)},maybe,many`,
      `${event(2)},true,many`,
      'e3,u1,s1,view,soon,maybe,1',
      `${event(4).replace('2025', '2101')},maybe,1`,
    ];
    const rows = await fixture.cleanLines('user_events', [`${HEADER},p_b,p_a`, ...lines], {
      properties: typesOf({ a: 'decimal', b: 'boolean' }),
    });
    expect(rows.map(({ reason, faulty_property: fault }) => [reason, fault])).toEqual([
      [REJECTED, 'a'],
      [REJECTED, 'a'],
      ['invalid_time', null],
      [REJECTED, 'b'],
    ]);
  });
});

describe('the type of a property that no load has brought yet', () => {
  const infer = async (files: Parameters<CleaningFixture['write']>[0]) => {
    const folder = await fixture.write({ 'users.csv': [USERS], ...files });
    const scratch = await fixture.write({});
    const options = { folder, scratch, needsUsers: true, readDeclarations };
    const sources = (await findSourceFiles(fixture.duckDb, options)).files;
    const ofTable = sources.filter(({ table }) => table === 'user_events');
    return Object.fromEntries(await inferTypes(fixture.duckDb, ofTable, ['x']));
  };
  const lines = (texts: readonly string[]) => [
    `${HEADER},p_x`,
    ...texts.map((text, at) => `${event(at)},${text}`),
  ];

  const json = (members: string) => [
    `{"event_id":"e1","user_id":"u1","session_id":"s1","event_type":"view","event_time":"2025-01-01",${members}}`,
  ];

  it.each<[type: PropertyType | undefined, texts: string[]]>([
    ['boolean', ['true', 'FALSE', '', 'NA']],
    ['decimal', ['0', '-1.5', '10.00', '1.50000000', 'NULL', 'NA']],
    ['decimal', ['9223372036854.775807']],
    ['text', ['true', '1']],
    ['text', ['1', 'x']],
    ['text', ['007', '1']],
    ['text', ['+5', '1']],
    ['text', ['1.1234567']],
    ['text', ['9223372036854.775808']],
    ['text', ['1e3']],
    [undefined, ['', 'NULL', 'NA']],
  ])('is what all texts of the column say: %s of %j', async (type, texts) => {
    expect(await infer({ 'user_events.csv': lines(texts) })).toEqual(type ? { x: type } : {});
  });

  it('is what the texts of all files say together', async () => {
    const [first, second] = [lines(['1', '2']), lines(['x'])];
    const both = { 'user_events-1.csv': first, 'user_events-2.csv': second };
    expect(await infer(both)).toEqual({ x: 'text' });
    const turned = { 'user_events-1.csv': second, 'user_events-2.csv': first };
    expect(await infer(turned)).toEqual({ x: 'text' });
    const empty = { 'user_events-1.csv': first, 'user_events-2.csv': lines(['']) };
    expect(await infer(empty)).toEqual({ x: 'decimal' });
    const absent = { 'user_events-1.csv': first, 'user_events-2.csv': [HEADER, event(1)] };
    expect(await infer(absent)).toEqual({ x: 'decimal' });
  });

  it.each([
    [
      'user_events.csv',
      [`${HEADER},p_x`, event(1)],
      'user_events.csv is malformed at line 2 (Expected Number of Columns: 6 Found: 5)',
    ],
    [
      'user_events.jsonl',
      json('"p_x":1,"p_x":2'),
      'user_events.jsonl is malformed at line 1 (duplicate key "p_x")',
    ],
    [
      'user_events.jsonl',
      json('"p_\\u0000":1'),
      'user_events.jsonl has a key with a NUL character',
    ],
  ])(
    'is none of a file that is malformed, which is refused: %s of %j',
    async (name, lines, said) => {
      await expect(infer({ [name]: lines })).rejects.toMatchObject({
        code: 'INVALID_IMPORT',
        message: expect.stringContaining(said),
      });
    },
  );

  it.each<[type: PropertyType | undefined, value: string]>([
    ['boolean', 'true'],
    ['decimal', '5::UTINYINT'],
    ['decimal', '1.5::DOUBLE'],
    ['decimal', '1.123456789::DECIMAL(20, 9)'],
    ['text', "'5'"],
    ['text', "'true'"],
    ['text', "DATE '2025-01-01'"],
    ['text', "'POINT'::ENUM('POINT', 'LINE')"],
    [undefined, 'NULL::BOOLEAN'],
  ])('is that of a Parquet column: %s of %s', async (type, value) => {
    const sql = `SELECT 'e1' AS event_id, 'u1' AS user_id, 's1' AS session_id, 'view' AS event_type,
      TIMESTAMP '2025-01-01' AS event_time, ${value} AS p_x`;
    expect(await infer({ 'user_events.parquet': { sql } })).toEqual(type ? { x: type } : {});
  });

  it.each(["TIMESTAMP '2025-01-01'", "'x'::BLOB", '[1]', "{'a': 1}"])(
    'is none of a Parquet column that is no value, which is refused: %s',
    async (value) => {
      const sql = `SELECT 'e1' AS event_id, 'u1' AS user_id, 's1' AS session_id,
        'view' AS event_type, TIMESTAMP '2025-01-01' AS event_time, ${value} AS p_x`;
      await expect(infer({ 'user_events.parquet': { sql } })).rejects.toThrow(
        /has column p_x with the type .*, which can't be used for it; write it as text/,
      );
    },
  );
});

it('reads hundreds of properties of a file within the memory of an installation', async () => {
  const names = Array.from({ length: 250 }, (_, at) => `n${String(at).padStart(3, '0')}`);
  const folder = await fixture.write({
    'users.csv': [USERS],
    'user_events.csv': [
      `${HEADER},${names.map((name) => `p_${name}`).join(',')}`,
      `${event(1)},${names.map((_, at) => at).join(',')}`,
    ],
  });
  const scratch = await fixture.write({});
  const options = { folder, scratch, needsUsers: true, readDeclarations };
  const { files } = await findSourceFiles(fixture.duckDb, options);
  const types = await inferTypes(fixture.duckDb, files, names);
  expect([...types]).toEqual(names.map((name) => [name, 'decimal']));
  const properties = new Map([['user_events' as const, types]]);
  const [row] = await fixture.clean(folder, 'user_events', { properties });
  expect(JSON.parse(String(row!.properties))).toEqual(
    Object.fromEntries(names.map((name, at) => [name, at * 1_000_000])),
  );
});

describe('a number in JSON', () => {
  const read = async (type: PropertyType, numbers: readonly string[]) => {
    const lines = numbers.map(
      (number, at) =>
        `{"event_id":"e${at}","user_id":"u1","session_id":"s1","event_type":"view","event_time":"2025-01-01","p_x":${number}}`,
    );
    const folder = await fixture.write({ 'users.csv': [USERS], 'user_events.jsonl': lines });
    const rows = await fixture.clean(folder, 'user_events', { properties: typesOf({ x: type }) });
    return rows.map(({ properties, reason }) => properties ?? reason);
  };

  it('is read digit by digit', async () => {
    const values = {
      '1.50': '{"x":1500000}',
      '1e5': '{"x":100000000000}',
      '-0.0': '{"x":0}',
      '8589934591.123456': '{"x":8589934591123456}',
      '-8589934591.999999': '{"x":-8589934591999999}',
      '10000000000.0': '{"x":10000000000000000}',
      '9223372036854': '{"x":9223372036854000000}',
      '"9223372036854.775807"': '{"x":9223372036854775807}',
      // As 64-bit floats, these are 123456789012.12346 and 9223372036854.775.
      '123456789012.123456': '{"x":123456789012123456}',
      '-9223372036854.775807': '{"x":-9223372036854775807}',
      '9223372036854.775808': REJECTED,
    };
    expect(await read('decimal', Object.keys(values))).toEqual(Object.values(values));
    const texts = ['123456789012345678901234567890', '0.25', '123456789012.123456'];
    expect(await read('text', texts)).toEqual([
      '{"x":"123456789012345678901234567890"}',
      '{"x":"0.25"}',
      '{"x":"123456789012.123456"}',
    ]);
  });
});

it('writes a decimal of Parquet as text as other files do', async () => {
  const sql = `SELECT 'e1' AS event_id, 'u1' AS user_id, 's1' AS session_id, 'view' AS event_type,
    TIMESTAMP '2025-01-01' AS event_time, CAST(-0.25 AS DECIMAL(2, 2)) AS p_x`;
  const folder = await fixture.write({ 'users.csv': [USERS], 'user_events.parquet': { sql } });
  const rows = await fixture.clean(folder, 'user_events', { properties: typesOf({ x: 'text' }) });
  expect(rows).toMatchObject([{ reason: null, properties: '{"x":"-0.25"}' }]);
});

it('reads typed columns of Parquet exactly', async () => {
  const values = {
    DOUBLE: ['0.1', '1e-06', '-1.5e-05', '1e15', '1e-07', "'nan'", 'NULL', '12.25', '-0.0'],
    'DECIMAL(38, 10)': ['1.5', '0.000001', '0.0000001', '-2'],
    UBIGINT: ['0', '9223372036854', '9223372036855', '18446744073709551615'],
    FLOAT: ['0.1', '1e-05', '16777216'],
    BOOLEAN: ['true'],
  };
  const expected = {
    DOUBLE: ['100000', '1', '-15', REJECTED, REJECTED, null, null, '12250000', '0'],
    'DECIMAL(38, 10)': ['1500000', '1', REJECTED, '-2000000'],
    UBIGINT: ['0', '9223372036854000000', REJECTED, REJECTED],
    FLOAT: ['100000', '10', '16777216000000'],
    BOOLEAN: [REJECTED],
  };
  const found: Record<string, unknown> = {};
  for (const [type, list] of Object.entries(values)) {
    const rows = list.map((value, at) => `(${at}, CAST(${value} AS ${type}))`).join(', ');
    const sql = `SELECT 'e' || n AS event_id, 'u1' AS user_id, 's1' AS session_id,
      'view' AS event_type, TIMESTAMP '2025-01-01' AS event_time, x AS p_x
      FROM (VALUES ${rows}) AS v(n, x) ORDER BY n`;
    const folder = await fixture.write({
      'users.csv': [USERS],
      'user_events.parquet': { sql },
    });
    const cleaned = await fixture.clean(folder, 'user_events', {
      properties: typesOf({ x: 'decimal' }),
    });
    found[type] = cleaned.map(({ properties, reason }) =>
      properties === null ? reason : String(properties).slice('{"x":'.length, -1),
    );
  }
  expect(found).toEqual(expected);
});
