import path from 'node:path';
import { importNewFolders } from '../../../packages/raw-data/import-new-folders';
import {
  createRawDataFixture,
  csv,
  NOW,
  REJECTED_LIMITS,
  USERS,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeEach(async () => {
  fixture = await createRawDataFixture();
});
afterEach(() => fixture.remove());

const usersCsv = (...ids: string[]) => ({
  users: csv(USERS, ...ids.map((id) => `${id},2025-01-01,free`)),
});

const importNew = () =>
  importNewFolders({
    ...fixture,
    importDir: path.join(fixture.folder, 'incoming'),
    currency: 'USD',
    arrival: 'assumed',
    rejectedLimits: REJECTED_LIMITS,
    now: () => NOW,
  });

it('loads each subfolder once, by name', async () => {
  fixture.write(usersCsv('u2'), 'incoming/2025-01-02');
  fixture.write(usersCsv('u1'), 'incoming/2025-01-01');
  const first = await importNew();
  expect(first.map(({ name, report }) => [name, report.batch])).toEqual([
    ['2025-01-01', 1],
    ['2025-01-02', 2],
  ]);
  fixture.write(usersCsv('u3'), 'incoming/2025-01-03');
  const second = await importNew();
  expect(second.map(({ name }) => name)).toEqual(['2025-01-03']);
  expect(await importNew()).toEqual([]);
});

it('remembers a folder that brought nothing new', async () => {
  fixture.write(usersCsv('u1'), 'incoming/a');
  fixture.write(usersCsv('u1'), 'incoming/b');
  expect((await importNew()).map(({ report }) => report.batch)).toEqual([1, null]);
  expect(await importNew()).toEqual([]);
});

it('leaves folders alone that are still being filled', async () => {
  for (const name of ['.a', '_b', 'c.tmp']) fixture.write(usersCsv('u1'), `incoming/${name}`);
  expect(await importNew()).toEqual([]);
});

it('finds nothing where there is no folder at all', async () => {
  expect(await importNew()).toEqual([]);
});

it('stops at a malformed folder, names it, and goes on there once it is mended', async () => {
  fixture.write(usersCsv('u1'), 'incoming/1');
  fixture.write({ users: 'user_id\nu2\n' }, 'incoming/2');
  fixture.write(usersCsv('u3'), 'incoming/3');
  await expect(importNew()).rejects.toMatchObject({
    code: 'INVALID_IMPORT',
    message: expect.stringContaining('folder 2: users.csv has no column signup_time'),
  });
  fixture.write(usersCsv('u2'), 'incoming/2');
  expect((await importNew()).map(({ name }) => name)).toEqual(['2', '3']);
});

it('loads a folder once when two runs find it at the same time', async () => {
  fixture.write(usersCsv('u1'), 'incoming/1');
  const runs = await Promise.all([importNew(), importNew()]);
  expect(runs.flat()).toHaveLength(1);
});
