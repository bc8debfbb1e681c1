import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readSegments } from '../../../../packages/features/segments';
import { auditRawLog } from '../../../../packages/raw-data/log/audit-raw-log';
import { MANIFEST_FILE } from '../../../../packages/raw-data/log/log-manifest';
import { syncRawLog } from '../../../../packages/raw-data/log/raw-log';
import {
  createRawDataFixture,
  csv,
  USER_ATTRIBUTES,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from '../raw-data-fixture';
import { loadBatches } from './load-batches';

/** The first merge takes sixteen; of the last two, one has attributes. */
const LOADS = 18;
const WITH_ATTRIBUTES = [2, 5, 17];

/** A load of a user, whose country is said again and again. */
function loadOf(batch: number): Files {
  const user = `u${batch}`;
  const files = {
    users: csv(USERS, `${user},2025-01-01,free`),
    user_events: csv(USER_EVENTS, `e${batch},${user},s1,login,2025-02-01`),
  };
  if (!WITH_ATTRIBUTES.includes(batch)) return files;
  const said = ['country,DE,2025-02-01', 'country,FR,2025-03-01', 'country,IT,2025-02-02'];
  said.push('city,A,2025-02-01', 'city,C,2025-02-20', 'city,B,2025-02-02');
  const rows = said.map((row, index) => `a${batch}-${index},${user},${row}`);
  return { ...files, user_attributes: csv(USER_ATTRIBUTES, ...rows) };
}

let fixture: RawDataFixture;
let rawLogDir: string;
beforeAll(async () => {
  fixture = await createRawDataFixture();
  rawLogDir = path.join(fixture.folder, 'raw_log');
  await loadAndSync(loadOf);
});
afterAll(() => fixture.remove());

/** Of more than eight at once, runs would be made. */
async function loadAndSync(files: (batch: number) => Files): Promise<void> {
  const loads = Array.from({ length: LOADS }, (_, index) => files(index + 1));
  for (const [from, through] of [
    [0, 8],
    [8, 16],
    [16, 18],
  ]) {
    await loadBatches(fixture, loads.slice(from, through));
    await sync();
  }
}

const sync = () => syncRawLog({ ...fixture, rawLogDir });
const isWhole = {
  equal: LOADS * 2 + WITH_ATTRIBUTES.length * 6,
  missing: 0,
  extra: 0,
  mismatched: 0,
};
const audit = () => auditRawLog({ ...fixture, rawLogDir });
const inLog = (...names: string[]) => path.join(rawLogDir, ...names);
const filesOf = (folder: string) =>
  readdirSync(inLog(folder)).filter((name) => name.endsWith('.parquet'));
const mergedFiles = () => filesOf('merged').filter((name) => name.startsWith('user_attributes'));

it('has segments only of the loads that brought attributes, before and after a merge', async () => {
  expect(filesOf('batch=000017')).toContain('user_attributes.parquet');
  expect(filesOf('batch=000018')).toHaveLength(4);
  expect(mergedFiles()).toEqual([expect.stringMatching(/^user_attributes-000002-000005-/)]);
  expect(await audit()).toMatchObject(isWhole);
  const log = await sync();
  expect(log.segments('user_attributes', 18)).toHaveLength(2);
  expect(log.segments('user_attributes', 4)).toHaveLength(1);
  expect(log.segments('user_attributes', 1)).toEqual([]);
});

it('begins a merged segment with the last value of each user and name', async () => {
  const [segment] = (await sync()).segments('user_attributes', 5);
  const duckDb = await fixture.openDuckDb([fixture.folder]);
  const rows = await duckDb.rows<{ said: string }>(
    `SELECT user_id || ' ' || name || ' ' || value AS said FROM ${readSegments([segment!])}`,
  );
  duckDb.close();
  expect(segment!.statistics).toMatchObject({ rows: 12, latestRows: 4 });
  expect(
    rows
      .slice(0, 4)
      .map(({ said }) => said)
      .sort(),
  ).toEqual(['u2 city C', 'u2 country FR', 'u5 city C', 'u5 country FR']);
});

it('makes again what is lost: a segment, a merged file, a log', async () => {
  rmSync(inLog('batch=000017', 'user_attributes.parquet'));
  rmSync(inLog('merged', mergedFiles()[0]!));
  expect(await audit()).toMatchObject({ missing: 18 });
  await sync();
  expect(await audit()).toMatchObject(isWhole);
  expect(mergedFiles()).toHaveLength(1);
  rmSync(rawLogDir, { recursive: true });
  await sync();
  expect(await audit()).toMatchObject(isWhole);
  expect(mergedFiles()).toEqual([expect.stringMatching(/^user_attributes-000001-000018-/)]);
});

it('goes on with a log of a release that had no attributes', async () => {
  await fixture.reset();
  rmSync(rawLogDir, { recursive: true });
  await loadAndSync((batch) => ({ ...loadOf(batch), user_attributes: undefined }));
  const { sql } = fixture.database;
  await sql`UPDATE ops.load_batches SET loaded = loaded - 'user_attributes',
    unchanged = unchanged - 'user_attributes', rejected = rejected - 'user_attributes'`;
  const manifest = inLog('merged', MANIFEST_FILE);
  const document = JSON.parse(readFileSync(manifest, 'utf8')) as { runs: Record<string, unknown> };
  const { user_attributes: none, ...runs } = document.runs;
  expect(none).toEqual([]);
  writeFileSync(manifest, JSON.stringify({ ...document, runs }));
  // What is made again has the same name, but is another file.
  const state = () => filesOf('merged').map((name) => [name, statSync(inLog('merged', name)).ino]);
  const before = state();
  await sync();
  expect(state()).toEqual(before);
  expect(await audit()).toMatchObject({ equal: 36, missing: 0, extra: 0 });
  await fixture.load({ user_attributes: loadOf(2).user_attributes });
  await sync();
  expect(await audit()).toMatchObject({ equal: 42, missing: 0, extra: 0 });
});
