import {
  createImportFolderRig,
  EVENTS_HEADER,
  eventsJson,
  USERS_CSV,
  type ImportFolderRig,
} from './import-folder-files';

let rig: ImportFolderRig;
beforeAll(async () => {
  rig = await createImportFolderRig();
});
afterAll(() => rig.remove());

const USERS = [
  { user_id: 'u1', signup_time: '2024-01-01', plan: 'pro', country: 'DE' },
  { user_id: 'ü2', signup_time: '2024-01-02', plan: 'free', country: 'FR' },
];
const HEADER = 'user_id,signup_time,plan,country';
const LINES = [HEADER, 'u1,2024-01-01,pro,DE', 'ü2,2024-01-02,free,FR'];
const LF = `${LINES.join('\n')}\n`;

function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

describe('a text', () => {
  const read: [what: string, text: string | Buffer][] = [
    ['a byte order mark', `\uFEFF${LF}`],
    ['a byte order mark before a quote', `\uFEFF"user_id"${LF.slice(7)}`],
    ['UTF-16, little end first, as Excel', Buffer.from(`\uFEFF${LF}`, 'utf16le')],
    ['UTF-16, big end first', utf16be(`\uFEFF${LF}`)],
    [
      'UTF-16 with tabs and CRLF',
      Buffer.from(`\uFEFF${LF.replaceAll(',', '\t').replaceAll('\n', '\r\n')}`, 'utf16le'),
    ],
    ['UTF-16 after sep=', Buffer.from(`\uFEFFsep=;\r\n${LF.replaceAll(',', ';')}`, 'utf16le')],
    ['semicolons', LF.replaceAll(',', ';')],
    ['tabs', LF.replaceAll(',', '\t')],
    ['bars', LF.replaceAll(',', '|')],
    ['sep=,', `sep=,\n${LF}`],
    ['sep=; and CRLF', `sep=;\r\n${LF.replaceAll(',', ';').replaceAll('\n', '\r\n')}`],
    ['sep=^ after a byte order mark', `\uFEFFSEP=^\r\n${LF.replaceAll(',', '^')}`],
    ['"sep=;" in quotes', `"sep=;"\n${LF.replaceAll(',', ';')}`],
    ['CRLF', LF.replaceAll('\n', '\r\n')],
    ['CR alone', LF.replaceAll('\n', '\r')],
    ['CR CR LF, of text mode on Windows', LF.replaceAll('\n', '\r\r\n')],
    ['CRLF after the header alone', LF.replace('\n', '\r\n')],
    ['CRLF but after the header', `${HEADER}\n${LINES.slice(1).join('\r\n')}\r\n`],
    ['CRLF and LF by turns, with blank lines', `${HEADER}\r\n\n${LINES[1]}\n\r\n${LINES[2]}\r\n`],
    ['CRLF and LF, with sep=', `sep=,\r\n${LF}`],
    ['no last line end', LF.trimEnd()],
    [
      'a quote within the name of an unknown column',
      LF.replace('country\n', 'country,a"b"\n')
        .replace('DE\n', 'DE,"x"\n')
        .replace('FR\n', 'FR,\n'),
    ],
  ];
  it.each(read)('is read with %s', async (_what, text) => {
    const found = await rig.read({ 'users.csv': text });
    expect(found.rows.users).toEqual(USERS);
  });

  it.each([
    ['a comma in a name before an empty field', 'u1,2024-01-01,pro,plus,', 4],
    ['an empty field too many', 'u1,2024-01-01,pro,DE,', 4],
    ['two of them, and CRLF', 'u1,2024-01-01,pro,DE,,\r\n', 4],
    ['one in quotes', 'u1,2024-01-01,pro,DE,""', 4],
    ['one at the end of the file', 'u1,2024-01-01,"a,\n""",\nu1,2024-01-01,pro,DE,', 6],
  ])('is refused with %s, which DuckDB passes over', async (_what, record, line) => {
    const text = `\uFEFF"user_id",signup_time,plan,"country"\nü1,2024-01-02,a,\nü2,2024-01-02,"a,",\n${record}`;
    await expect(rig.read({ 'users.csv': text })).rejects.toThrow(
      `users.csv has more fields at line ${line} than its header, which has 4`,
    );
  });

  it('is read with commas at the ends of all its records', async () => {
    const found = await rig.read({ 'users.csv': LF.replaceAll('\n', ',\n') });
    expect(found.rows.users).toEqual(USERS);
  });

  it('keeps line ends and quotes inside quotes when records end in several ways', async () => {
    const text = `${HEADER}\r\n"u""1\r\nx\ry",2024-01-01,"a, ""b""\n",DE\nu2,2024-01-02,"",FR\r\n`;
    const found = await rig.read({ 'users.csv': text });
    expect(found.rows.users!.map(({ user_id: id, plan }) => [id, plan])).toEqual([
      ['u"1\r\nx\ry', 'a, "b"\n'],
      ['u2', null],
    ]);
  });

  it.each([
    ['\n', 'u\r\n1'],
    ['\r\n', 'u\n1'],
    ['\r', 'u\n1'],
  ])('keeps a line end in quotes that differs from those of the records: %j', async (end, id) => {
    const found = await rig.read({ 'users.csv': `${HEADER}${end}"${id}",2024-01-01,pro,DE${end}` });
    expect(found.rows.users![0]!.user_id).toBe(id);
  });

  const refused: [what: string, text: string | Buffer, problem: RegExp][] = [
    [
      'Windows-1252',
      Buffer.from(`${HEADER}\nu1,2024-01-01,pro,DE\nü,2024-01-02,pro,DE\n`, 'latin1'),
      /users\.csv is not UTF-8 at line 3, perhaps Windows-1252/,
    ],
    [
      'a character cut off at the end',
      Buffer.concat([Buffer.from(LF), Buffer.from([0xc3])]),
      /is not UTF-8 at line 4/,
    ],
    [
      'UTF-16 without a mark',
      Buffer.from(LF, 'utf16le'),
      /looks like UTF-16 or UTF-32 without a byte order mark/,
    ],
    ['UTF-16 without a mark, big end first', utf16be(LF), /looks like UTF-16 or UTF-32/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x75, 0, 0, 0]), /looks like UTF-32/],
    [
      'half a character of UTF-16',
      Buffer.concat([Buffer.from(`\uFEFF${LF}`, 'utf16le'), Buffer.from([0x00])]),
      /is not UTF-16LE after line 4/,
    ],
    [
      'CR alone among LF',
      `${HEADER}\nu1,2024-01-01,pro,DE\ru2,2024-01-02,pro,DE\n`,
      /has different line ends, among them a carriage return alone, from line 2 on/,
    ],
    [
      'CR alone among CRLF',
      `${HEADER}\r\nu1,2024-01-01,pro\r,DE\r\n`,
      /a carriage return alone, from line 2 on/,
    ],
    [
      'no header',
      'u1,2024-01-01,pro,DE\n',
      /has no column user_id, and none of the other columns of users either; the first line of a CSV must be a header/,
    ],
    [
      'a delimiter that is none',
      LF.replaceAll(',', '^'),
      /has no column user_id, and none of the other columns of users either; the first line of a CSV must be a header/,
    ],
    ['a delimiter that sep= does not name', `sep=;\n${LF}`, /has no column user_id/],
    ['nothing', '', /has no header line/],
    [
      'text after the quotes of a name',
      LF.replace('country\n', '"country"s\n'),
      /has no column user_id, and none of the other columns/,
    ],
    ['sep= and nothing', 'sep=;\n', /has no header line/],
  ];
  it.each(refused)('is refused with its cause: %s', async (_what, text, problem) => {
    await expect(rig.read({ 'users.csv': text })).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      details: { problem: expect.stringMatching(problem) },
    });
  });

  it('is looked at beyond its first mebibyte', async () => {
    const lines = Array.from({ length: 60_000 }, (_, index) => `e${index},u1,s1,é,2024-01-02`);
    const long = Buffer.from(`${EVENTS_HEADER}\n${lines.join('\n')}\n`);
    const found = await rig.read({ 'users.csv': USERS_CSV, 'user_events.csv': long });
    expect(found.rows.user_events).toHaveLength(60_000);
    const files = {
      'users.csv': USERS_CSV,
      'user_events.csv': Buffer.concat([long, Buffer.from('\xfc\n', 'latin1')]),
    };
    await expect(rig.read(files)).rejects.toMatchObject({
      details: { problem: expect.stringContaining('is not UTF-8 at line 60002') },
    });
  });
});

describe('JSON', () => {
  const readUsers = async (text: string | Buffer, name = 'users.jsonl') =>
    (await rig.read({ [name]: text })).rows.users;
  const LINE = '{"user_id":"u1","signup_time":"2024-01-01","plan":"pro"}';

  it.each([
    ['a byte order mark', `\uFEFF${LINE}\n`],
    ['UTF-16', Buffer.from(`\uFEFF${LINE}\n`, 'utf16le')],
    ['CRLF and blank lines', `\r\n${LINE}\r\n\r\n`],
    ['no last line end', LINE],
    ['escapes', LINE.replace('u1', String.raw`\u0075\u0031`)],
    ['names in capitals', LINE.replace('user_id', 'USER_ID')],
  ])('is read with %s', async (_what, text) => {
    expect(await readUsers(text)).toEqual([
      { user_id: 'u1', signup_time: '2024-01-01', plan: 'pro' },
    ]);
  });

  it('may leave keys out, bring others, and write ids as numbers', async () => {
    const text = `${LINE}\n{"plan":null,"user_id":12345678901234567890,"note":{"a":1},"country":"DE"}\n`;
    const found = await rig.read({ 'users.json': text });
    expect(found.files).toEqual(['users: users.json (json, none) [note]']);
    expect(found.rows.users).toEqual([
      { user_id: 'u1', signup_time: '2024-01-01', plan: 'pro', country: null },
      { user_id: '12345678901234567890', signup_time: null, plan: null, country: 'DE' },
    ]);
  });

  it('marks a nested value, so that its row is rejected', async () => {
    const [user] = (await readUsers(LINE.replace('"u1"', '{"id":1}')))!;
    expect(user!.user_id).toBe('\uE000{"id":1}');
  });

  it.each([
    ['no line', ''],
    ['blank lines', '\n\n'],
    ['an empty array', '[]'],
  ])('may hold no row: %s', async (_what, text) => {
    const found = await rig.read({ 'users.csv': USERS_CSV, 'user_events.json': text });
    expect(found.rows.user_events).toEqual([]);
  });

  it.each([
    ['half a line', `${LINE}\n{"user_id":\n`, /users\.jsonl is malformed at line 2/],
    ['two objects in a line', `${LINE}${LINE}\n`, /users\.jsonl is malformed at line 1/],
    ['a CSV', USERS_CSV, /users\.jsonl is malformed at line 1/],
    [
      'a CSV of no JSON',
      Buffer.from(`${LINE}\n{"user_id":"ü"}\n`, 'latin1'),
      /is not UTF-8 at line 2/,
    ],
    ['an array cut off', `[${LINE},`, /users\.jsonl is cut off: its array has no end/],
    ['an array cut off in an object', `[${LINE},{"a":[1]`, /users\.jsonl is malformed \(/],
    ['an object written over lines', LINE.replace(',', ',\n'), /is malformed at line 1/],
    ['no objects', '1\n2\n', /has no column user_id/],
    ['other keys', '{"userId":"u1"}\n', /has a column userId; did you mean user_id\?/],
  ])('is refused: %s', async (_what, text, problem) => {
    await expect(readUsers(text)).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      details: { problem: expect.stringMatching(problem) },
    });
  });

  it('keeps the order of its rows', async () => {
    const ids = Array.from({ length: 50_000 }, (_, index) => `e${index}`);
    const found = await rig.read({
      'users.csv': USERS_CSV,
      'user_events.jsonl': eventsJson(...ids),
    });
    expect(found.rows.user_events!.map((row) => row.event_id)).toEqual(ids);
  });
});
