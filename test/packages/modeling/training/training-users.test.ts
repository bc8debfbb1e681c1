import path from 'node:path';
import type { PublishedPartition } from '../../../../packages/contracts/partitions';
import type { DuckDb } from '../../../../packages/duckdb/open-duckdb';
import { addDays, datesBetween } from '../../../../packages/instants/logical-date';
import { countUsers, readUserIds } from '../../../../packages/modeling/training/training-users';
import type { TrainingDay } from '../../../../packages/modeling/training/training-rows';
import { bytewise, idsOfAllShapes } from '../../../environment/ids';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { openTestDuckDb } from '../../duckdb/open-test-duckdb';
import {
  isEligibleRow,
  testSchema,
  usersOfDay,
  writePartition,
  type DayRow,
} from '../training-world';

const USERS = 30;
/** The longest training period: six months. */
const dates = datesBetween('2024-03-01', addDays('2024-03-01', 183));

/**
 * A day's rows: as `usersOfDay` has them, of users with the given ids. Each user is there on some days
 * only, and one label in five is not known.
 */
function rowsOf(date: string, ids: readonly string[]): DayRow[] {
  const day = dates.indexOf(date);
  return usersOfDay(date, ids.length, 'ids')
    .map((row, index) => ({
      ...row,
      user_id: ids[index]!,
      label: (day + index) % 5 === 0 ? null : row.label,
    }))
    .filter((_, index) => (day + index * 7) % 40 < 30);
}

const isTraining = (row: DayRow) => isEligibleRow(row) && row.label !== null;

describe.each([
  ['8 bytes', (id: string) => id.slice(0, 8)],
  ['36 bytes', (id: string) => id],
  ['128 bytes', (id: string) => `${id}${'x'.repeat(92)}`],
])('the users of 184 days of training, with ids of %s', (_, shape) => {
  const uuids = Array.from({ length: USERS }, (_each, index) => {
    return `${String((index * 7_919) % 100_000_000).padStart(8, '0')}-0000-4000-8000-000000000000`;
  });
  const world = setUpDays(uuids.map(shape));

  it('are counted, each once, in the memory that there is by default', async () => {
    expect(await countUsers(world.duckDb, world.days, testSchema)).toBe(world.expectedUsers());
  });

  it('are read for some rows, in the memory that there is by default', async () => {
    const addresses = dates.map((_date, day) => ({ day, position: day % 5 }));
    const expected = addresses.map(({ day, position }) => world.expectedIds(day)[position]);
    expect(await readUserIds(world.duckDb, world.days, testSchema, addresses)).toEqual(expected);
  });
});

describe('the users of training rows, with ids of all shapes', () => {
  const world = setUpDays(idsOfAllShapes(40), dates.slice(0, 10));

  it('are counted, each once', async () => {
    expect(await countUsers(world.duckDb, world.days, testSchema)).toBe(world.expectedUsers());
    expect(await countUsers(world.duckDb, world.days.slice(0, 1), testSchema)).toBe(
      world.expectedIds(0).length,
    );
    expect(await countUsers(world.duckDb, [], testSchema)).toBe(0);
  });

  it('come in the order of their bytes', async () => {
    const addresses = world.days.flatMap((_, day) =>
      world.expectedIds(day).map((_id, position) => ({ day, position })),
    );
    const expected = world.days.flatMap((_, day) => world.expectedIds(day));
    expect(await readUserIds(world.duckDb, world.days, testSchema, addresses)).toEqual(expected);
    // JavaScript's own order is another one, or this would show nothing.
    expect([...world.expectedIds(0)].sort()).not.toEqual(world.expectedIds(0));
  });

  it('are given in the order asked, as often as asked', async () => {
    const [one, other] = [world.expectedIds(3), world.expectedIds(8)];
    const addresses = [
      { day: 8, position: 2 },
      { day: 3, position: 0 },
      { day: 8, position: 2 },
      { day: 3, position: one.length - 1 },
    ];
    const expected = [other[2], one[0], other[2], one.at(-1)];
    expect(await readUserIds(world.duckDb, world.days, testSchema, addresses)).toEqual(expected);
    expect(await readUserIds(world.duckDb, world.days, testSchema, [])).toEqual([]);
  });

  it('are refused for a row that is not there', async () => {
    const position = world.expectedIds(4).length;
    await expect(
      readUserIds(world.duckDb, world.days, testSchema, [{ day: 4, position }]),
    ).rejects.toThrow(new RangeError(`day 4 has no row ${position}`));
  });
});

describe('the users of a day of many rows', () => {
  const world = setUpDays(idsOfAllShapes(6_000), dates.slice(0, 1));

  it('are found wherever DuckDB cuts the rows into chunks', async () => {
    const expected = world.expectedIds(0);
    expect(expected.length).toBeGreaterThan(2_048);
    const addresses = expected.map((_, position) => ({ day: 0, position }));
    expect(await readUserIds(world.duckDb, world.days, testSchema, addresses)).toEqual(expected);
  });
});

/** Days whose features as served are in files of their own, as those of late labels are. */
function setUpDays(ids: readonly string[], ofDates: readonly string[] = dates) {
  const scratch = createScratchDirectory();
  const world = {
    duckDb: undefined as unknown as DuckDb,
    days: [] as TrainingDay[],
    expectedIds: (day: number) =>
      rowsOf(ofDates[day]!, ids)
        .filter(isTraining)
        .map((row) => row.user_id)
        .sort(bytewise),
    expectedUsers: () => new Set(ofDates.flatMap((_, day) => world.expectedIds(day))).size,
  };
  beforeAll(async () => {
    const writer = await openTestDuckDb(scratch.path, 1);
    for (const date of ofDates) {
      const rows = rowsOf(date, ids);
      const write = (folder: string, changes: Partial<DayRow>) =>
        writePartition(
          writer,
          path.join(scratch.path, folder, `${date}.parquet`),
          date,
          rows.map((row) => ({ ...row, ...changes })),
        );
      const labels = await write('labels', { sessions_30d: 0 });
      world.days.push({ date, labels, served: servedBy(await write('served', { label: null })) });
    }
    writer.close();
    world.duckDb = await openTestDuckDb(scratch.path);
  });
  afterAll(() => {
    world.duckDb.close();
    scratch.remove();
  });
  return world;
}

function servedBy({ path: file, manifest }: PublishedPartition): TrainingDay['served'] {
  const { date, known_at: at, batch, revision, rows, bytes, sha256 } = manifest;
  return { date, path: file, known: { at, batch }, revision, rows, bytes, sha256 };
}
