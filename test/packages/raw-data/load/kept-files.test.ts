import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { parseInstant, type EpochMicros } from '../../../../packages/instants/epoch-micros';
import { cleanSource, type CleanedSource } from '../../../../packages/raw-data/load/clean-source';
import { openKeptFolder } from '../../../../packages/raw-data/load/kept-files';
import type { CleaningRules } from '../../../../packages/raw-data/load/clean-rows-sql';
import { findSourceFiles } from '../../../../packages/raw-data/sources/find-source-files';
import { createCleaningFixture, type CleaningFixture } from '../values/cleaning-fixture';

let fixture: CleaningFixture;
let folder: string;
let keptFolder: string;
let count = 0;
beforeAll(async () => {
  fixture = await createCleaningFixture();
});
beforeEach(() => {
  folder = newFolder();
  keptFolder = newFolder();
  writeEvents(ROWS);
});
afterAll(() => fixture.remove());

const ROWS = 10_000;
const ROWS_PER_FILE = 2048;
const NOW = parseInstant('2025-06-01T00:00:00Z');

function newFolder(): string {
  const made = path.join(fixture.folder, `kept-${(count += 1)}`);
  mkdirSync(made);
  return made;
}

/** Event 9000 is some minutes after NOW. */
function writeEvents(rows: number, first = 'e0'): void {
  const times = (index: number) => (index === 9000 ? '2025-06-01T00:09:00Z' : '2025-05-01');
  const lines = Array.from({ length: rows }, (_, index) => {
    return `${index === 0 ? first : `e${index}`},u1,s1,login,${times(index)}`;
  });
  const header = 'event_id,user_id,session_id,event_type,event_time';
  writeFileSync(path.join(folder, 'user_events.csv'), [header, ...lines, ''].join('\n'));
}

interface Cleaning {
  readonly now?: EpochMicros;
  readonly rules?: Partial<CleaningRules>;
  readonly megabytesMax?: number;
}

async function clean({
  now = NOW,
  rules,
  megabytesMax = 100,
}: Cleaning = {}): Promise<CleanedSource> {
  const scratch = newFolder();
  const { files } = await findSourceFiles(fixture.duckDb, {
    folder,
    scratch,
    needsUsers: false,
    readDeclarations: () => Promise.resolve([]),
  });
  const keeping = {
    folder: keptFolder,
    megabytesMax,
    sourceBytesMin: 1,
    rowsPerFile: ROWS_PER_FILE,
  };
  return cleanSource(fixture.duckDb, files[0]!, {
    rules: { currency: 'USD', missingArrival: 'assumed', now, ...rules },
    scratch,
    name: 'user_events.0',
    rowsBefore: 0,
    sourceFile: path.join(folder, 'user_events.csv'),
    keeping: await openKeptFolder(keeping),
  });
}

/** What the rows are: how many, in which order, which are rejected. */
async function rowsOf({ files }: CleanedSource) {
  const list = files.map((file) => `'${file}'`).join(', ');
  const [rows] = await fixture.duckDb.rows(
    `SELECT count(*) AS rows, min("row") AS first, max("row") AS last, min(event_id) AS least,
       md5(string_agg("row" || coalesce(event_id, '-') || coalesce("reason", ''), ',' ORDER BY "row")) AS content,
       count(*) FILTER ("reason" = 'in_the_future') AS late
     FROM read_parquet([${list}])`,
  );
  return rows!;
}

const keptFiles = () =>
  readdirSync(keptFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => path.join(keptFolder, name))
    .sort();
const namesOf = ({ files }: CleanedSource) => files.map((file) => path.basename(file));
/** A restored file has the name under which it was kept. */
const restoredOf = (cleaned: CleanedSource) =>
  namesOf(cleaned).filter((name) => !name.startsWith('new-')).length;

it('keeps what it cleans, file by file, and uses it again', async () => {
  const first = await clean();
  expect(restoredOf(first)).toBe(0);
  expect(first.rows).toBe(ROWS);
  expect(keptFiles()).toHaveLength(Math.ceil(ROWS / ROWS_PER_FILE));
  const again = await clean();
  expect(restoredOf(again)).toBe(5);
  expect(again.rows).toBe(ROWS);
  expect(await rowsOf(again)).toEqual(await rowsOf(first));
  await again.kept!.remove();
  expect(readdirSync(keptFolder)).toEqual([]);
  // Those who are reading have names of their own.
  expect(await rowsOf(again)).toEqual(await rowsOf(first));
});

function editManifest(edit: (manifest: { is_whole: boolean; files: unknown[] }) => void): void {
  const file = path.join(path.dirname(keptFiles()[0]!), 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof edit>[0];
  edit(manifest);
  writeFileSync(file, JSON.stringify(manifest));
}

it('goes on where cleaning was stopped', async () => {
  const whole = await rowsOf(await clean());
  editManifest((manifest) => {
    manifest.is_whole = false;
    manifest.files.splice(2);
  });
  const resumed = await clean();
  expect(restoredOf(resumed)).toBe(2);
  expect(namesOf(resumed)).toHaveLength(5);
  expect(await rowsOf(resumed)).toEqual(whole);
  expect(restoredOf(await clean())).toBe(5);
});

it.each<[string, (files: string[]) => void, number]>([
  ['a byte more', ([, second]) => appendFileSync(second!, 'x'), 1],
  ['an end that is missing', ([, , third]) => truncateSync(third!, 1000), 2],
  ['another byte', ([first]) => damage(first!), 0],
  ['a manifest that is no JSON', ([first]) => writeFileSync(manifestBeside(first!), '{'), 0],
  ['a manifest of another form', ([first]) => writeFileSync(manifestBeside(first!), '{}'), 0],
])('notices damage: %s', async (_what, damaging, restored) => {
  const whole = await rowsOf(await clean());
  damaging(inOrder(keptFiles()));
  const again = await clean();
  expect(restoredOf(again)).toBe(restored);
  expect(await rowsOf(again)).toEqual(whole);
  expect(restoredOf(await clean())).toBe(5);
});

function inOrder(files: string[]): string[] {
  const first = (file: string) => Number.parseInt(path.basename(file), 10);
  return files.sort((left, right) => first(left) - first(right));
}

function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[100] = bytes[100]! ^ 1;
  writeFileSync(file, bytes);
}

const manifestBeside = (file: string) => path.join(path.dirname(file), 'manifest.json');

it.each([
  // Event 9000 is in the fifth file, and in the future until four minutes after NOW.
  ['at the same moment', NOW, 5, 1n],
  ['while its last row is still in the future', NOW + 239_000_000n, 5, 1n],
  ['once that row is not in the future any more', NOW + 240_000_000n, 4, 0n],
  ['by a clock that was set back', NOW - 1n, 0, 1n],
])(
  'uses what was cleaned at another moment only where it is the same: %s',
  async (_when, now, restored, late) => {
    expect((await rowsOf(await clean())).late).toBe(1n);
    const again = await clean({ now });
    expect(restoredOf(again)).toBe(restored);
    expect(await rowsOf(again)).toMatchObject({ rows: BigInt(ROWS), late });
  },
);

it('uses nothing of other rules or other bytes', async () => {
  await clean();
  expect(restoredOf(await clean({ rules: { missingArrival: 'now' } }))).toBe(0);
  writeEvents(ROWS, 'x0');
  expect(restoredOf(await clean())).toBe(0);
});

it('keeps nothing of a file that is changed meanwhile', async () => {
  const cleaning = clean();
  const changing = setImmediate(() => writeEvents(ROWS + 1));
  await cleaning.catch(() => {});
  clearImmediate(changing);
  const again = await clean();
  expect(again.rows).toBe(ROWS + 1);
  expect((await rowsOf(again)).last).toBe(BigInt(ROWS + 1));
});

it('lets two loads of the same files go on side by side, also when one of them ends first', async () => {
  const whole = await rowsOf(await clean());
  const [one, other] = await Promise.all([clean(), clean({ now: NOW + 1n })]);
  await one.kept!.remove();
  expect(await rowsOf(one)).toEqual(whole);
  expect(await rowsOf(other)).toEqual(whole);
});

it('keeps no more than it may, of the oldest nothing, and for a week', async () => {
  const options = { folder: keptFolder, megabytesMax: 1, sourceBytesMin: 1 };
  const put = (name: string, bytes: number, daysAgo: number) => {
    const entry = path.join(keptFolder, name);
    mkdirSync(entry);
    writeFileSync(path.join(entry, 'rows'), Buffer.alloc(bytes));
    const time = Date.now() / 1000 - daysAgo * 86_400;
    utimesSync(path.join(entry, 'rows'), time, time);
  };
  put('old', 10, 7.1);
  put('oldest', 400_000, 6.9);
  put('older', 400_000, 3);
  put('newest', 500_000, 1);
  const { room } = await openKeptFolder(options);
  expect(readdirSync(keptFolder).sort()).toEqual(['newest', 'older']);
  expect(room.bytes).toBe(100_000);
});

it('stops keeping where there is no more room, and cleans all the same', async () => {
  expect((await clean({ megabytesMax: 0 })).kept).toBeNull();
  const whole = await rowsOf(await clean({ megabytesMax: 0 }));
  const cleaned = await clean({ megabytesMax: 0.05 });
  expect(await rowsOf(cleaned)).toEqual(whole);
  const kept = keptFiles().length;
  expect(kept).toBeLessThan(5);
  expect(restoredOf(await clean())).toBe(kept);
});
