import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { packZstd } from '../../../support/pack-zstd';
import {
  createImportFolderRig,
  eventsCsv,
  eventsJson,
  USERS_CSV,
  type FolderContents,
  type ImportFolderRig,
} from './import-folder-files';

let rig: ImportFolderRig;
beforeAll(async () => {
  rig = await createImportFolderRig();
});
afterAll(() => rig.remove());

/** A folder of users and these files. */
const withUsers = (contents: FolderContents): FolderContents => ({
  'users.csv': USERS_CSV,
  ...contents,
});

describe('the files of an import folder', () => {
  const CSV = eventsCsv('e1', 'e2', 'e3');
  const JSONL = eventsJson('e1', 'e2', 'e3');
  const read: [what: string, contents: FolderContents, files: string[]][] = [
    ['gzip', { 'user_events.csv.gz': gzipSync(CSV) }, ['user_events.csv.gz (csv, gzip)']],
    ['zstd', { 'user_events.csv.zst': packZstd(CSV) }, ['user_events.csv.zst (csv, zstd)']],
    [
      'gzip by another ending',
      { 'user_events.csv.GZIP': gzipSync(CSV) },
      ['user_events.csv.GZIP (csv, gzip)'],
    ],
    [
      'packed, though not by its name',
      { 'user_events.csv': gzipSync(CSV) },
      ['user_events.csv (csv, gzip)'],
    ],
    [
      'not packed, though by its name',
      { 'user_events.csv.gz': CSV },
      ['user_events.csv.gz (csv, none)'],
    ],
    ['an ending in capitals', { 'user_events.CSV': CSV }, ['user_events.CSV (csv, none)']],
    ['a name in capitals', { 'USER_EVENTS.csv': CSV }, ['USER_EVENTS.csv (csv, none)']],
    ['a name in another case', { 'User_Events.Csv': CSV }, ['User_Events.Csv (csv, none)']],
    ['tabs', { 'user_events.tsv': CSV.replaceAll(',', '\t') }, ['user_events.tsv (csv, none)']],
    ['text', { 'user_events.txt': CSV.replaceAll(',', '|') }, ['user_events.txt (csv, none)']],
    ['JSON lines', { 'user_events.jsonl': JSONL }, ['user_events.jsonl (json, none)']],
    [
      'JSON lines, packed',
      { 'user_events.ndjson.gz': gzipSync(JSONL) },
      ['user_events.ndjson.gz (json, gzip)'],
    ],
    [
      'JSON lines called JSON',
      { 'user_events.json.zst': packZstd(JSONL) },
      ['user_events.json.zst (json, zstd)'],
    ],
    [
      'an array of JSON objects',
      { 'user_events.json': `[${JSONL.trim().replaceAll('\n', ',\n')}]` },
      ['user_events.json (json, none)'],
    ],
    [
      'shards of BigQuery',
      {
        'user_events-000000000000.csv': eventsCsv('e1', 'e2'),
        'user_events-000000000001.csv': eventsCsv('e3'),
      },
      ['user_events-000000000000.csv (csv, none)', 'user_events-000000000001.csv (csv, none)'],
    ],
    [
      'files of Redshift, without an ending',
      {
        user_events0000_part_00: eventsCsv('e1'),
        'user_events0001_part_00.gz': gzipSync(eventsCsv('e2', 'e3')),
      },
      ['user_events0000_part_00 (csv, none)', 'user_events0001_part_00.gz (csv, gzip)'],
    ],
    [
      'files of Snowflake',
      {
        'user_events_0_0_0.csv.gz': gzipSync(eventsCsv('e1')),
        'user_events_0_1_0.csv.gz': gzipSync(eventsCsv('e2', 'e3')),
      },
      ['user_events_0_0_0.csv.gz (csv, gzip)', 'user_events_0_1_0.csv.gz (csv, gzip)'],
    ],
    [
      'files by day',
      {
        'user_events_2024-01-01.jsonl': eventsJson('e1'),
        'user_events_2024-01-02.jsonl': eventsJson('e2', 'e3'),
      },
      ['user_events_2024-01-01.jsonl (json, none)', 'user_events_2024-01-02.jsonl (json, none)'],
    ],
    [
      'a folder of Spark',
      {
        'user_events/part-00000-c0.csv': eventsCsv('e1'),
        'user_events/part-00001-c0.csv': eventsCsv('e2', 'e3'),
        'user_events/_SUCCESS': '',
        'user_events/.part-00000-c0.csv.crc': 'x',
        'user_events/_temporary/0/part-9.csv': 'x',
      },
      ['user_events/part-00000-c0.csv (csv, none)', 'user_events/part-00001-c0.csv (csv, none)'],
    ],
    [
      'a folder that is called as a file',
      { 'user_events.csv/part-00000': eventsCsv('e1', 'e2', 'e3') },
      ['user_events.csv/part-00000 (csv, none)'],
    ],
    [
      'partitions, whose path adds no column',
      {
        'user_events/year=2023/user_id=zz/part-0.csv': eventsCsv('e1'),
        'user_events/year=2024/part-0.csv': eventsCsv('e2', 'e3'),
      },
      [
        'user_events/year=2023/user_id=zz/part-0.csv (csv, none)',
        'user_events/year=2024/part-0.csv (csv, none)',
      ],
    ],
  ];
  it.each(read)('are read: %s', async (_what, contents, files) => {
    const found = await rig.read(withUsers(contents));
    expect(found.files).toEqual([
      'users: users.csv (csv, none) []',
      ...files.map((file) => `user_events: ${file} []`),
    ]);
    expect(found.rows.user_events!.map((row) => row.event_id)).toEqual(['e1', 'e2', 'e3']);
    expect(found.rows.user_events![0]).toEqual({
      event_id: 'e1',
      user_id: 'u1',
      session_id: 's1',
      event_type: 'login',
      event_time: '2024-01-02',
    });
  });

  it('follow each other in bytewise order of their paths, hundreds of them', async () => {
    const shards = Array.from({ length: 300 }, (_, index) => [
      `user_events/part-${String(index).padStart(5, '0')}.csv`,
      eventsCsv(`e${index}`),
    ]);
    const found = await rig.read(withUsers(Object.fromEntries(shards.reverse()) as FolderContents));
    expect(found.rows.user_events!.map((row) => row.event_id)).toEqual(
      Array.from({ length: 300 }, (_, index) => `e${index}`),
    );
  });

  it('follow each other by their whole paths, folders among them', async () => {
    const folders = ['a/z', 'a-1/z', 'a.csv', 'a/b/z', 'B/z'].map((file) => `user_events/${file}`);
    const contents = folders.map((file, index) => [file, eventsCsv(`e${index}`)] as const);
    const found = await rig.read(withUsers(Object.fromEntries(contents)));
    expect(found.rows.user_events!.map((row) => row.event_id)).toEqual([
      'e4',
      'e1',
      'e2',
      'e3',
      'e0',
    ]);
  });

  it('may come with what systems and exports put beside them, which is named', async () => {
    const companions = [
      'README.md',
      'LICENSE',
      '.DS_Store',
      '._users.csv',
      'Thumbs.db',
      '.~lock.users.csv#',
      'manifest.json',
      'user_events-manifest',
      'SHA256SUMS',
      'users.csv.md5',
      '_committed_123',
    ];
    const contents = Object.fromEntries(companions.map((name) => [name, 'x']));
    const found = await rig.read(withUsers({ ...contents, '__MACOSX/users.csv': 'x' }));
    expect(found.files).toEqual(['users: users.csv (csv, none) []']);
    expect(found.companions).toEqual(['__MACOSX/', ...companions].sort());
  });
});

describe('a file that is not read', () => {
  const refused: [what: string, contents: FolderContents, problem: RegExp][] = [
    [
      'nearly a table',
      { 'plan_change.csv': '' },
      /plan_change\.csv is not read: did you mean plan_changes\?/,
    ],
    ['a table in the singular', { 'user_event.csv': '' }, /did you mean user_events\?/],
    ['half of a name', { 'events.csv': '' }, /did you mean user_events or billing_events\?/],
    [
      "another program's table, though its name is one letter from ours",
      { 'charges.csv': '' },
      /charges\.csv is not read: it is named like .*those of billing_events, rename it/,
    ],
    ['another separator', { 'user-events.csv': '' }, /did you mean user_events\?/],
    ['camel case', { 'BillingEvents.parquet': '' }, /did you mean billing_events\?/],
    [
      'a copy',
      { 'users (1).csv': USERS_CSV },
      /users \(1\)\.csv is not read: did you mean users\?/,
    ],
    ['another copy', { 'user_events - Copy.csv': '' }, /did you mean user_events\?/],
    [
      'another table',
      { 'orders.csv': '' },
      /orders\.csv is not read: it is none of users, plan_changes/,
    ],
    [
      'a spreadsheet',
      { 'user_events.xlsx': '' },
      /user_events\.xlsx is not read: it is a spreadsheet/,
    ],
    [
      'an archive',
      { 'user_events.csv.zip': '' },
      /user_events\.csv\.zip is not read: it is packed/,
    ],
    ['a format of others', { 'user_events.avro': '' }, /user_events\.avro is not read: its format/],
    [
      'an unfinished one',
      { 'user_events.csv.part': '' },
      /user_events\.csv\.part is not read: it looks unfinished/,
    ],
    ['one of rsync', { '.user_events.csv.Xa8f2s': '' }, /it looks unfinished/],
    ['a hidden one', { '.hidden': '' }, /\.hidden is not read/],
    ['a folder of something else', { 'orders/part-0.csv': '' }, /the folder orders is not read/],
    [
      'a folder that is nearly a table',
      { 'user-events/part-0.csv': '' },
      /did you mean user_events\?/,
    ],
    [
      'a folder without a file',
      { billing_events: null },
      /the folder billing_events holds no file with rows/,
    ],
    [
      'a folder with a companion alone',
      { 'billing_events/.keep': '' },
      /billing_events holds no file with rows/,
    ],
    [
      'a table of Delta',
      { 'user_events/_delta_log/0.json': '', 'user_events/a.parquet': '' },
      /_delta_log is not read: a table of Delta/,
    ],
    [
      'a spreadsheet in a folder',
      { 'user_events/a.xlsx': '' },
      /user_events\/a\.xlsx is not read: it is a spreadsheet/,
    ],
    [
      'an unfinished one in a folder',
      { 'user_events/a.csv.tmp': '' },
      /user_events\/a\.csv\.tmp is not read/,
    ],
    [
      'a table in the folder of another',
      { 'user_events/billing_events.csv': '' },
      /billing_events\.csv lies in the folder of another table, user_events/,
    ],
    [
      'Parquet that is packed again',
      { 'user_events.parquet.gz': gzipSync('PAR1') },
      /is Parquet packed with gzip as a whole/,
    ],
    [
      'gzip cut off',
      { 'user_events.csv.gz': gzipSync(eventsCsv('e1', 'e2')).subarray(0, -4) },
      /user_events\.csv\.gz is cut off/,
    ],
    [
      'zstd cut off',
      { 'user_events.csv.zst': packZstd(eventsCsv('e1').repeat(9999)).subarray(0, 60) },
      /user_events\.csv\.zst is cut off/,
    ],
    [
      'no Parquet',
      { 'user_events.parquet': 'no Parquet' },
      /user_events\.parquet is not a readable Parquet file/,
    ],
  ];
  it.each(refused)('is named: %s', async (_what, contents, problem) => {
    await expect(rig.read(withUsers(contents))).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      details: { problem: expect.stringMatching(problem) },
    });
  });

  const twice: [what: string, contents: FolderContents, problem: RegExp][] = [
    [
      'in two formats',
      { 'user_events.csv': eventsCsv('e1'), 'user_events.parquet': 'x' },
      /user_events\.csv and user_events\.parquet are both there/,
    ],
    [
      'packed and not',
      { 'user_events.csv': eventsCsv('e1'), 'user_events.csv.gz': gzipSync(eventsCsv('e1')) },
      /are both there/,
    ],
    [
      'in two cases',
      { 'user_events.csv': eventsCsv('e1'), 'User_Events.csv': eventsCsv('e1') },
      /are both there/,
    ],
    [
      'alone and in numbers',
      { 'user_events.csv': eventsCsv('e1'), 'user_events-1.csv': eventsCsv('e2') },
      /user_events comes in several ways: user_events-1\.csv, user_events\.csv/,
    ],
    [
      'in numbers and in a folder',
      { 'user_events-000.csv': eventsCsv('e1'), 'user_events/part-0.csv': eventsCsv('e2') },
      /user_events comes in several ways: user_events-000\.csv, user_events\/part-0\.csv/,
    ],
    [
      'in two folders',
      { 'user_events/a.csv': eventsCsv('e1'), 'User_Events/a.csv': eventsCsv('e2') },
      /comes in several ways/,
    ],
    [
      'a shard twice',
      { 'user_events-1.csv': eventsCsv('e1'), 'user_events-1.csv.gz': gzipSync(eventsCsv('e1')) },
      /are both there/,
    ],
    [
      'shards of two formats',
      { 'user_events-1.csv': eventsCsv('e1'), 'user_events-2.jsonl': eventsJson('e2') },
      /user_events comes in several formats: user_events-2\.jsonl, user_events-1\.csv/,
    ],
  ];
  it.each(twice)(
    'is not guessed at when it says a table twice: %s',
    async (_what, contents, problem) => {
      await expect(rig.read(withUsers(contents))).rejects.toMatchObject({
        code: 'INVALID_IMPORT',
        details: { problem: expect.stringMatching(problem) },
      });
    },
  );

  it('is named when no users are there, with what is there', async () => {
    await expect(rig.read({ 'user_events.csv': '', 'README.md': '' })).rejects.toMatchObject({
      details: {
        problem: expect.stringMatching(
          /users\.csv .*is missing in .*; it holds user_events\.csv, README\.md/,
        ),
      },
    });
  });

  it.each([
    ['user_events.csv', '../elsewhere.csv'],
    ['user_events.csv', 'nowhere'],
    ['user_events', '..'],
    ['user_events/part-0.csv', '../users.csv'],
  ])('is named when it is a link: %s to %s', async (name, target) => {
    writeFileSync(path.join(rig.path, 'elsewhere.csv'), eventsCsv('e1'));
    const folder = rig.write(withUsers(name.includes('/') ? { user_events: null } : {}));
    symlinkSync(target, path.join(folder, name));
    await expect(rig.read({}, path.basename(folder))).rejects.toMatchObject({
      details: { problem: `${name} is a link; put the file itself there` },
    });
  });

  it('is named when it may not be read', async () => {
    if (process.getuid?.() === 0) return;
    const folder = rig.write(withUsers({ 'user_events.csv': eventsCsv('e1') }));
    chmodSync(path.join(folder, 'user_events.csv'), 0);
    await expect(rig.read({}, path.basename(folder))).rejects.toMatchObject({
      details: { problem: expect.stringContaining("user_events.csv can't be read (EACCES)") },
    });
  });
});
