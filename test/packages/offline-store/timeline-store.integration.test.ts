import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import type { Segments } from '../../../packages/features/segments';
import { featureSet, type FeatureSet } from '../../../packages/features/feature-set';
import type { TimelinePart } from '../../../packages/features/history/timelines';
import {
  auditTimelines,
  findTimelines,
  makeTimelines,
} from '../../../packages/offline-store/timeline-store';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from '../features/raw-log-fixture';
import { unusual } from '../features/unusual-features';
import { smallWorld, start } from './small-world';

const scratch = createScratchDirectory();
const timelinesDir = path.join(scratch.path, 'timelines');
const scratchDir = path.join(scratch.path, 'audits');
const NOW = BigInt(Date.now()) * 1000n;
const LAST_ARRIVAL = start + 81n * 86_400_000_000n;

let duckDb: DuckDb;
let segments: Segments;

beforeAll(async () => {
  duckDb = await openTestDuckDb(scratch.path);
  segments = await writeRawLog(duckDb, path.join(scratch.path, 'raw'), smallWorld({ late: true }));
});

afterEach(() => rmSync(timelinesDir, { recursive: true, force: true }));

afterAll(async () => {
  duckDb.close();
  scratch.remove();
});

const optionsOf = (features: FeatureSet, batch: number) => {
  const ofTable: Segments = (table, through) => segments(table, through);
  return {
    featureSet: features,
    segments: ofTable,
    batch,
    contentKey: 'these loads',
    timelinesDir,
  };
};
const options = optionsOf(featureSet, 2);

/** Timelines, and whether any were made: it is only not so of rows that arrived too late. */
async function make(of = options, knownAt = LAST_ARRIVAL) {
  let isMade = false;
  const onPart = () => void (isMade = true);
  const timelines = await makeTimelines(duckDb, {
    ...of,
    known: { at: knownAt, batch: of.batch },
    onPart,
    now: NOW,
  });
  return { timelines, isMade };
}

const find = (of = options) => findTimelines(of);
const folders = () => readdirSync(timelinesDir).sort();

function rewriteManifest(part: string, change: (text: string) => string): void {
  const manifest = path.join(path.dirname(part), 'manifest.json');
  writeFileSync(manifest, change(readFileSync(manifest, 'utf8')));
}

describe('timelines', () => {
  it('are found by the next who asks, and stay where somebody makes them again', async () => {
    expect(await find()).toBeUndefined();
    const { timelines, isMade } = await make();
    expect(isMade).toBe(true);
    expect(timelines!.parts.map(({ users }) => users)).toEqual([20]);
    expect(await find()).toEqual(timelines);
    const file = timelines!.parts[0]!.file;
    const { ino } = statSync(file);
    expect((await make()).timelines).toEqual(timelines);
    expect(statSync(file).ino).toBe(ino);
    expect(folders()).toHaveLength(1);
  });

  it('are those of one, where two make them at the same time', async () => {
    const other = await openTestDuckDb(scratch.path);
    const call = { ...options, known: { at: LAST_ARRIVAL, batch: 2 }, onPart: () => {}, now: NOW };
    const [one, two] = await Promise.all([duckDb, other].map((by) => makeTimelines(by, call)));
    other.close();
    expect(one!.parts).toHaveLength(1);
    expect(one).toEqual(two);
    expect(folders()).toHaveLength(1);
  });

  it('say when the last row arrived, and are not made for whoever knows less', async () => {
    expect(await make(options, LAST_ARRIVAL - 1n)).toEqual({ isMade: false });
    expect((await make(options, LAST_ARRIVAL)).timelines!.lastArrival).toBe(LAST_ARRIVAL);
    const before = await make(optionsOf(featureSet, 1), LAST_ARRIVAL - 1n);
    expect(before.timelines!.lastArrival).toBeLessThan(LAST_ARRIVAL);
  });

  it('are others for fewer batches, for other definitions and for other loads of these numbers', async () => {
    await make();
    expect(await find(optionsOf(featureSet, 1))).toBeUndefined();
    expect(await find(optionsOf(unusual, 2))).toBeUndefined();
    expect(await find({ ...options, contentKey: 'other loads' })).toBeUndefined();
  });

  it('are the same for other windows', async () => {
    const { timelines } = await make();
    const features = featureSet.features.map((feature) => ({ ...feature, windowDays: 3 }));
    expect(await find(optionsOf({ ...featureSet, features }, 2))).toEqual(timelines);
  });

  it('are kept for three sets of definitions and batches, the last made', async () => {
    const features = featureSet.features.slice(1);
    const sets = [1, 2].flatMap((batch) =>
      [featureSet, { ...featureSet, features: features.slice(2) }].map((set) =>
        optionsOf(set, batch),
      ),
    );
    for (const [index, of] of sets.entries()) {
      await make(of);
      // File systems tell the time in steps that two of them may share.
      const made = folders().map((name) => path.join(timelinesDir, name));
      const found = (await find(of))!.parts[0]!.file;
      utimesSync(
        made.find((folder) => found.startsWith(folder))!,
        index,
        index,
      );
    }
    const isThere = await Promise.all(sets.map(async (of) => (await find(of)) !== undefined));
    // What was made last was as new as the clock when the oldest had to go.
    expect(isThere).toEqual([false, true, true, true]);
  });

  it.each([
    ['a part is torn', (folder: string) => truncateSync(path.join(folder, 'part-0000.lists'), 99)],
    ['a part is gone', (folder: string) => rmSync(path.join(folder, 'part-0000.lists'))],
    [
      'the manifest is torn',
      (folder: string) => truncateSync(path.join(folder, 'manifest.json'), 9),
    ],
    ['the manifest is gone', (folder: string) => rmSync(path.join(folder, 'manifest.json'))],
  ])('are made again where %s', async (_what, harm) => {
    const { timelines } = await make();
    harm(path.join(timelinesDir, folders()[0]!));
    expect(await find()).toBeUndefined();
    expect(await make()).toEqual({ timelines, isMade: true });
    expect(folders()).toHaveLength(1);
  });

  it('that are being made stay, those that a killed call left do not, nor do stray files count', async () => {
    for (const [name, hours] of [
      ['.killed.tmp', 7],
      ['.running.tmp', 5],
    ] as const) {
      mkdirSync(path.join(timelinesDir, name), { recursive: true });
      const seconds = Number(NOW) / 1e6 - hours * 3_600;
      utimesSync(path.join(timelinesDir, name), seconds, seconds);
    }
    const stray = ['.DS_Store', 'Thumbs.db', 'notes.txt'];
    for (const name of stray) {
      const file = path.join(timelinesDir, name);
      writeFileSync(file, 'of a file browser');
      utimesSync(file, 2 ** 31, 2 ** 31);
    }
    await make();
    expect(await find()).toBeDefined();
    expect(folders()).toHaveLength(5);
    expect(folders()).toEqual(expect.arrayContaining(['.running.tmp', ...stray]));
  });

  it('leave nothing where making them is cancelled', async () => {
    const cancelled = AbortSignal.abort(new Error('enough'));
    const call = { ...options, known: { at: LAST_ARRIVAL, batch: 2 }, onPart: () => {}, now: NOW };
    await expect(makeTimelines(duckDb, { ...call, signal: cancelled })).rejects.toThrow('enough');
    const stopping = new AbortController();
    const onPart = () => stopping.abort(new Error('enough'));
    const late = { ...call, onPart, signal: stopping.signal, part: { users: 5, values: 1e6 } };
    await expect(makeTimelines(duckDb, late)).rejects.toThrow('enough');
    expect(folders()).toEqual([]);
    expect(await duckDb.rows('SELECT table_name FROM duckdb_tables()')).toEqual([]);
  });

  it('are audited by making them again', async () => {
    const audit = () => auditTimelines(duckDb, { ...options, scratchDir });
    expect(await audit()).toEqual({ equal: [], mismatched: [] });
    const { timelines } = await make();
    expect(await audit()).toEqual({ equal: ['manifest.json', 'part-0000.lists'], mismatched: [] });
    const of = optionsOf(unusual, 2);
    const call = {
      ...of,
      known: { at: LAST_ARRIVAL, batch: 2 },
      onPart: () => {},
      now: NOW,
      rowsPerPass: 100,
    };
    await makeTimelines(duckDb, call);
    // However much memory there was.
    expect(await auditTimelines(duckDb, { ...of, scratchDir })).toEqual({
      equal: ['manifest.json', 'part-0000.lists'],
      mismatched: [],
    });
    const [{ file }] = timelines!.parts as [TimelinePart];
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(7, bytes.length - 8));
    expect(await audit()).toEqual({ equal: ['manifest.json'], mismatched: ['part-0000.lists'] });
    rewriteManifest(file, (text) => text.replace(/"last_arrival":"2/, '"last_arrival":"3'));
    expect((await audit()).mismatched).toContain('manifest.json');
    truncateSync(file, 99);
    expect((await audit()).mismatched).toContain('part-0000.lists');
    expect(readdirSync(scratchDir)).toEqual([]);
  });
});
