import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { featureSet } from '../../packages/features/feature-set';
import { addDays, datesBetween, type LogicalDate } from '../../packages/instants/logical-date';
import { sha256OfFile } from '../../packages/durable-files/file-hash';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { rawTableNames, type RawTable } from '../../packages/raw-data/raw-tables';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';
import { isDeep } from '../environment/depth';

const USERS = isDeep ? 1_000 : 120;
const START = '2023-11-01';
const END = '2024-06-30';
/** As few days as training takes, and the leap day among them. */
const COMPUTED = { from: '2024-02-28', to: END };
const MONTHS = ['11-30', '12-31', '01-31', '02-29', '03-31', '04-30', '05-31', '06-30'].map(
  (day) => `${day > '10-31' ? '2023' : '2024'}-${day}`,
);

/** A fresh installation that is loaded up to each of the given days in turn. */
async function loadedUpTo(days: readonly LogicalDate[], seed = 42): Promise<TestApplication> {
  const application = await openTestApplication();
  let from = START;
  for (const to of days) {
    await application.services.generate({ from, to, start: START, users: USERS, seed }, quietly);
    from = addDays(to, 1);
  }
  return application;
}

/** Every row of a raw table without its batch, in a fixed order. */
async function rowsOf({ adapters }: TestApplication, table: RawTable): Promise<string[]> {
  const { sql } = adapters.database;
  const rows = await sql<{ row: string }[]>`
    select (to_jsonb(t) - 'batch')::text as row from ${sql(`raw_data.${table}`)} as t`;
  return rows.map(({ row }) => row).sort();
}

/** SHA-256 of every segment of the raw log, by its place in it. */
async function segmentsOf({ adapters }: TestApplication): Promise<Record<string, string>> {
  const rawLog = await adapters.rawLog();
  const files = rawTableNames.flatMap((table) => rawLog.segments(table, rawLog.lastBatch));
  const hashes = files.map(async ({ file }) => {
    return [path.relative(adapters.paths.rawLog, file), await sha256OfFile(file)] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

/** SHA-256 of every partition's file. */
async function partitionsOf({ adapters }: TestApplication): Promise<Record<string, string>> {
  const hashes = datesBetween(COMPUTED.from, COMPUTED.to).map(async (date) => {
    const { dayFile } = partitionPaths(adapters.paths, date);
    return [date, await sha256OfFile(dayFile)] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

async function trainedModel(application: TestApplication): Promise<string> {
  const { version } = await application.services.train({ asOf: END }, quietly);
  return readFile(path.join(application.adapters.paths.models, version, 'model.json'), 'utf8');
}

const digest = (lines: readonly string[]) =>
  createHash('sha256').update(lines.join('\n')).digest('hex');

/** Chunks of a week, the last one first. */
const weeksBackwards = (chunks: readonly string[][]): string[][] => {
  const dates = chunks.flat();
  const weeks = Math.ceil(dates.length / 7);
  return Array.from({ length: weeks }, (_, week) => dates.slice(week * 7, week * 7 + 7)).reverse();
};

describe('the same seed, users and end', () => {
  let atOnce: TestApplication;
  let byMonth: TestApplication;
  let byMonthAgain: TestApplication;
  let otherSeed: TestApplication;
  const opened: TestApplication[] = [];
  const open = async (days: readonly LogicalDate[], seed?: number) => {
    const application = await loadedUpTo(days, seed);
    opened.push(application);
    return application;
  };

  beforeAll(async () => {
    atOnce = await open([END]);
    byMonth = await open(MONTHS);
    byMonthAgain = await open(MONTHS);
    otherSeed = await open([END], 43);
    await backfill(atOnce, COMPUTED);
    await backfill(byMonth, COMPUTED, weeksBackwards);
    await backfill(otherSeed, COMPUTED);
  }, 300_000);

  afterAll(() => Promise.all(opened.map((application) => application.remove())));

  it('are loaded in one batch here and in one a month there', async () => {
    const batches = [atOnce, byMonth].map(
      async ({ adapters }) => (await adapters.rawLog()).lastBatch,
    );
    expect(await Promise.all(batches)).toEqual([1, MONTHS.length]);
  });

  // Synthetic users have no attributes.
  const filledTables = rawTableNames.filter((table) => table !== 'user_attributes');

  it.each(filledTables)('give byte-identical rows of %s', async (table) => {
    const rows = await rowsOf(atOnce, table);
    expect(rows.length).toBeGreaterThan(0);
    expect(digest(await rowsOf(byMonth, table))).toBe(digest(rows));
    expect(digest(await rowsOf(otherSeed, table))).not.toBe(digest(rows));
  });

  it('give byte-identical segments of the raw log when loaded in the same steps', async () => {
    const segments = await segmentsOf(byMonth);
    expect(Object.keys(segments).length).toBeGreaterThanOrEqual(rawTableNames.length);
    expect(await segmentsOf(byMonthAgain)).toEqual(segments);
  });

  it('give byte-identical partitions, computed by month forwards or by week backwards', async () => {
    const partitions = await partitionsOf(atOnce);
    expect(Object.keys(partitions)).toContain('2024-02-29');
    expect(await partitionsOf(byMonth)).toEqual(partitions);
  });

  it('give the model with the same bytes, and so the same coefficients', async () => {
    const model = await trainedModel(atOnce);
    const { length } = featureSet.features;
    expect(JSON.parse(model)).toHaveProperty('coefficients.standardised.length', length);
    expect(await trainedModel(byMonth)).toBe(model);
    expect(await trainedModel(otherSeed)).not.toBe(model);
  });

  it('and another seed gives no partition with the same bytes', async () => {
    const partitions = await partitionsOf(atOnce);
    const others = await partitionsOf(otherSeed);
    const equal = Object.keys(partitions).filter((date) => partitions[date] === others[date]);
    expect(equal).toEqual([]);
  });
});
