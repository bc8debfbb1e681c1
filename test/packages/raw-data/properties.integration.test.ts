import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { copyToParquet, quoteLiteral, readParquet, type DuckDb } from '../../../packages/duckdb';
import { importFolderUnless, previewImport } from '../../../packages/raw-data/import-folder';
import { exportRawTables } from '../../../packages/raw-data/log/export-raw-tables';
import { auditRawLog } from '../../../packages/raw-data/log/audit-raw-log';
import { mergedFolder } from '../../../packages/raw-data/log/log-manifest';
import { syncRawLog } from '../../../packages/raw-data/log/raw-log';
import { segmentRows } from '../../../packages/raw-data/log/segment-rows';
import { writeRun } from '../../../packages/raw-data/log/write-run';
import {
  listRejectedRows,
  readWaitingRows,
} from '../../../packages/raw-data/rejected/list-rejected-rows';
import { rejectedCsv } from '../../../packages/raw-data/rejected/rejected-csv';
import {
  createRawDataFixture,
  csv,
  NOW,
  ONE_USER,
  REJECTED_LIMITS,
  rejectedRows,
  rowsOf,
  USERS,
  type FilesWithRates,
  type RawDataFixture,
} from './raw-data-fixture';

const EVENTS = 'event_id,user_id,session_id,event_type,event_time';
const BILLS = 'event_id,user_id,event_type,amount,event_time';
const event = (id: string, user = 'u1', time = '2025-02-01') => `${id},${user},s1,view,${time}`;

/** Types of all three kinds, of what is declared and what is found; every kind of rejected row. */
const first: FilesWithRates = {
  users: ONE_USER,
  properties: csv(
    'table,column,property,type',
    'user_events,device,,text',
    'user_events,P_count,,decimal',
    'billing_events,p_code,,text',
  ),
  user_events: csv(
    `${EVENTS},p_ok,p_count,device,P_plan name,note,p_never`,
    `${event('e1')},true,1.5,phone,pro,n,`,
    `${event('e2')},,,,,n,NULL`,
    `${event('e3')},FALSE,-0.000001,007,"a ""b"", c",n,`,
    `${event('e4', 'u2')},true,2,tablet,pro,n,`,
    `${event('e5')},true,many,phone,pro,n,`,
    `${event('e6', 'u1', 'soon')},true,3,phone,${'x'.repeat(1000)},n,`,
  ),
  billing_events: csv(`${BILLS},p_tax,p_code`, 'b1,u1,charge_succeeded,10,2025-02-01,1.90,12'),
};

/** Rows of before again, unchanged and changed; a user who comes late; values of other types. */
const second: FilesWithRates = {
  users: csv(USERS, 'u2,2025-01-01,free'),
  user_events: csv(
    `${EVENTS},p_plan name,p_count,p_ok,p_device`,
    `${event('e1')},pro,1.50,TRUE,phone`,
    `${event('e2')},pro,,,`,
    `${event('e7')},007,007,,`,
    `${event('e8')},pro,1,maybe,`,
  ),
};

/** As before there were properties. */
const third: FilesWithRates = { user_events: csv(EVENTS, event('e10'), event('e11', 'u2')) };

let fixture: RawDataFixture;
/** An installation of its own, for what is exported. */
let other: RawDataFixture;
const reports: Awaited<ReturnType<RawDataFixture['load']>>[] = [];

beforeAll(async () => {
  fixture = await createRawDataFixture();
  other = await createRawDataFixture();
  opened = await fixture.openDuckDb([fixture.folder]);
  for (const files of [first, second, third]) reports.push(await fixture.load(files));
});
beforeEach(() => other.reset());
let opened: DuckDb | undefined;
const duckDb = () => opened!;
afterAll(async () => {
  opened?.close();
  await fixture.remove();
  await other.remove();
});

async function propertiesIn({ database }: RawDataFixture): Promise<Record<string, unknown>> {
  const rows = await database.sql<{ id: string; properties: unknown }[]>`
    SELECT event_id AS id, properties FROM raw_data.user_events
    UNION ALL SELECT event_id, properties FROM raw_data.billing_events ORDER BY id`;
  return Object.fromEntries(rows.map(({ id, properties }) => [id, properties]));
}

async function settledIn({ database }: RawDataFixture): Promise<string[]> {
  const rows = await database.sql<{ said: string }[]>`
    SELECT concat_ws(' ', table_name, name, type) AS said FROM raw_data.settled_properties
    ORDER BY table_name, name`;
  return rows.map(({ said }) => said);
}

const TYPES = [
  'billing_events code text',
  'billing_events tax decimal',
  'user_events count decimal',
  'user_events device text',
  'user_events ok boolean',
  'user_events plan name text',
];

const importOptions = (files: FilesWithRates) => ({
  database: fixture.database,
  folder: fixture.write(files),
  scratchDir: fixture.scratchDir,
  openDuckDb: fixture.openDuckDb,
  currency: 'USD',
  arrival: 'assumed' as const,
  now: () => NOW,
  rejectedLimits: REJECTED_LIMITS,
});

it('are stored with their events, and their types settled by the load that brings them first', async () => {
  expect(reports[0]).toMatchObject({ batch: 1, loaded: { user_events: 3, billing_events: 1 } });
  expect(await propertiesIn(fixture)).toMatchObject({
    e1: { ok: true, count: 1_500_000, device: 'phone', 'plan name': 'pro' },
    e2: null,
    e3: { ok: false, count: -1, device: '007', 'plan name': 'a "b", c' },
    b1: { code: '12', tax: 1_900_000 },
  });
  expect(await settledIn(fixture)).toEqual(TYPES);
});

it('are reported with their types, and are no ignored columns', () => {
  expect(reports[0]!.properties).toEqual([
    { table: 'user_events', name: 'count', type: 'decimal', known: false },
    { table: 'user_events', name: 'device', type: 'text', known: false },
    { table: 'user_events', name: 'never', type: null, known: false },
    { table: 'user_events', name: 'ok', type: 'boolean', known: false },
    { table: 'user_events', name: 'plan name', type: 'text', known: false },
    { table: 'billing_events', name: 'code', type: 'text', known: false },
    { table: 'billing_events', name: 'tax', type: 'decimal', known: false },
  ]);
  expect(reports[0]!.ignored_columns.user_events).toEqual(['note']);
  expect(reports[1]!.properties.map(({ known }) => known)).toEqual([true, true, true, true]);
});

it('are read by their settled types in later loads, and are content of a row', async () => {
  expect(reports[1]).toMatchObject({
    batch: 2,
    loaded: { user_events: 1 },
    unchanged: { user_events: 1 },
    retried: { user_events: 1 },
    rejected: { user_events: { conflicting_duplicate: 1, invalid_property: 1 } },
  });
  expect(await propertiesIn(fixture)).toMatchObject({
    e2: null,
    e4: { ok: true, count: 2_000_000, device: 'tablet', 'plan name': 'pro' },
    e7: { count: 7_000_000, 'plan name': '007' },
  });
});

it('name the fault of a row that is rejected, which keeps its values', async () => {
  expect(await rejectedRows(fixture.database)).toEqual([
    'user_events.csv:4 unknown_user',
    'user_events.csv:5 invalid_property',
    'user_events.csv:6 invalid_time',
    'user_events.csv:2 conflicting_duplicate',
    'user_events.csv:4 invalid_property',
  ]);
  const { rejected } = await listRejectedRows(fixture.database, { limit: 10 });
  const named = rejected.flatMap(({ batch, reason, examples }) =>
    examples.map(({ property }) => `${batch} ${reason} ${property}`),
  );
  expect(named.sort()).toEqual([
    '1 invalid_property count',
    '1 invalid_time null',
    '1 unknown_user null',
    '2 conflicting_duplicate null',
    '2 invalid_property ok',
  ]);
  const { rows } = await readWaitingRows(fixture.database, { table: 'user_events', limit: 10 });
  expect(rows).toEqual([
    expect.objectContaining({ event_id: 'e5', p_count: 'many', p_device: 'phone', p_ok: 'true' }),
    expect.objectContaining({ event_id: 'e6', p_count: '3', 'p_plan name': 'x'.repeat(1000) }),
    expect.objectContaining({ event_id: 'e2', 'p_plan name': 'pro' }),
    expect.objectContaining({ event_id: 'e8', p_ok: 'maybe', p_count: '1' }),
  ]);
  expect(rows[2]).not.toHaveProperty('properties');
});

it('are loaded with rejected rows that were corrected', async () => {
  const { rows } = await readWaitingRows(fixture.database, { table: 'user_events', limit: 10 });
  const mended = rejectedCsv('user_events', rows, 'USD')
    .replace(',many', ',4.25')
    .replace('soon', '2025-02-01')
    .replace('maybe', 'false');
  expect(mended.split('\n')[0]).toBe(`${EVENTS},p_count,p_device,p_ok,p_plan name`);
  await other.load({ users: ONE_USER, user_events: `${mended}\n` });
  expect(await propertiesIn(other)).toEqual({
    e2: { 'plan name': 'pro' },
    e5: { count: 4_250_000, device: 'phone', ok: true, 'plan name': 'pro' },
    e6: { count: 3_000_000, device: 'phone', ok: true, 'plan name': 'x'.repeat(1000) },
    e8: { count: 1_000_000, ok: false, 'plan name': 'pro' },
  });
});

it.each(['csv', 'parquet'] as const)(
  'are exported as %s, from which an import has the same rows and types',
  async (format) => {
    const folder = path.join(fixture.folder, `export-${format}`);
    await exportRawTables({ ...fixture, folder, format });
    await other.load({}, { folder });
    for (const table of ['users', 'user_events', 'billing_events'] as const) {
      expect(await rowsOf(other.database, table)).toEqual(await rowsOf(fixture.database, table));
    }
    expect(await settledIn(other)).toEqual(TYPES);
    if (format === 'csv') {
      const [header, row] = readFileSync(path.join(folder, 'user_events.csv'), 'utf8').split('\n');
      expect(header).toBe(`${EVENTS},ingested_at,p_count,p_device,p_ok,p_plan name`);
      expect(row).toMatch(/^e1,.*,1\.5,phone,true,pro$/);
      return;
    }
    const file = quoteLiteral(path.join(folder, 'user_events.parquet'));
    const types = await duckDb().rows(
      `SELECT column_name || ' ' || column_type AS said FROM (DESCRIBE FROM ${file})
       WHERE column_name LIKE 'p\\_%' ESCAPE '\\'`,
    );
    expect(types.map(({ said }) => said)).toEqual([
      'p_count DECIMAL(19,6)',
      'p_device VARCHAR',
      'p_ok BOOLEAN',
      'p_plan name VARCHAR',
    ]);
  },
);

it('are previewed as they would be loaded, and settle nothing then', async () => {
  const preview = await previewImport(
    importOptions({ user_events: csv(`${EVENTS},p_new,p_count`, `${event('e9')},1.5,x`) }),
  );
  expect(preview).toMatchObject({
    properties: [
      { name: 'count', type: 'decimal', known: true },
      { name: 'new', type: 'decimal', known: false },
    ],
    dry_run: {
      columns: { 'user_events.csv': expect.arrayContaining(['event_time', 'p_new', 'p_count']) },
      examples: [{ reason: 'invalid_property', property: 'count', values: { p_count: 'x' } }],
      error: { message: expect.stringContaining('1 invalid_property (count), first in') },
    },
  });
  const good = importOptions({ user_events: csv(`${EVENTS},p_new`, `${event('e9')},1.5`) });
  const { dry_run } = await previewImport(good);
  expect(dry_run.first_rows.user_events).toMatchObject([{ properties: '{"new":1500000}' }]);
  expect(await settledIn(fixture)).toEqual(TYPES);
});

it('take the types that another load has settled in the meantime', async () => {
  await other.load({ users: ONE_USER });
  const options = {
    ...importOptions({ user_events: csv(`${EVENTS},p_code`, `${event('e1')},1`) }),
    database: other.database,
  };
  let times = 0;
  const report = await importFolderUnless(options, {
    isDone: async () => {
      times += 1;
      await other.database.sql`
        INSERT INTO raw_data.settled_properties VALUES ('user_events', 'code', 'text', 1)
        ON CONFLICT DO NOTHING`;
      return false;
    },
    record: async () => {},
  });
  expect(times).toBe(2);
  expect(report).toMatchObject({ batch: 2, properties: [{ type: 'text', known: true }] });
  expect(await propertiesIn(other)).toEqual({ e1: { code: '1' } });
});

it.each<[problem: string, files: FilesWithRates]>([
  [
    'the property ok of user_events is declared as text, but earlier loads have brought it as boolean',
    { properties: csv('table,column,type', 'user_events,p_ok,text') },
  ],
  [
    'has the property Count, but count is in another file or load of user_events',
    { user_events: csv(`${EVENTS},p_Count`, `${event('e9')},1`) },
  ],
  [
    'user_events.csv has a column Device Name; did you mean device_name?',
    {
      properties: csv('table,column', 'user_events,device_name'),
      user_events: csv(`${EVENTS},Device Name`, `${event('e9')},1`),
    },
  ],
  [
    'has the columns kind and p_type, which both stand for type',
    {
      properties: csv('table,column,property', 'user_events,kind,type'),
      user_events: csv(`${EVENTS},kind,p_type`, `${event('e9')},1,1`),
    },
  ],
  [
    'properties.csv, data row 1: the table is none of',
    { properties: csv('table,column', 'users,x') },
  ],
])('are refused where they are not certain: %s', async (problem, files) => {
  await expect(fixture.load({ users: ONE_USER, ...files })).rejects.toThrow(problem);
  expect(await settledIn(fixture)).toEqual(TYPES);
});

describe('in the raw log', () => {
  let rawLogDir: string;
  const segment = (batch: number) =>
    path.join(rawLogDir, `batch=00000${batch}`, 'user_events.parquet');
  const audit = () => auditRawLog({ ...fixture, rawLogDir });
  const clean = { equal: 10, missing: 0, extra: 0, mismatched: 0, not_comparable: 0 };

  beforeEach(async () => {
    rawLogDir = path.join(fixture.folder, expect.getState().currentTestName!.replace(/\W/g, '-'));
    await syncRawLog({ ...fixture, rawLogDir });
  });

  /** Replaces the segment of a batch by the answer to a query of it. */
  async function rewrite(batch: number, select: string): Promise<void> {
    const query = `SELECT ${select} FROM ${readParquet([segment(batch)])}`;
    await duckDb().run(copyToParquet(query, `${segment(batch)}.new`, 'log'));
    renameSync(`${segment(batch)}.new`, segment(batch));
  }

  it('they are one text, the same for the same properties, and equal to those of Postgres', async () => {
    const rows = await duckDb().rows(
      `SELECT event_id, properties FROM ${quoteLiteral(segment(1))} ORDER BY event_id`,
    );
    expect(rows.map(({ properties }) => properties)).toEqual([
      '{"count":1500000,"device":"phone","ok":true,"plan name":"pro"}',
      null,
      String.raw`{"count":-1,"device":"007","ok":false,"plan name":"a \"b\", c"}`,
    ]);
    expect(await audit()).toMatchObject(clean);
  });

  it('a changed one is found', async () => {
    await rewrite(1, `* REPLACE (replace(properties, 'phone', 'Phone') AS properties)`);
    expect(await audit()).toMatchObject({ ...clean, equal: 9, mismatched: 1 });
  });

  it('a segment of an earlier release, without the column, is as good as any', async () => {
    await rewrite(3, '* EXCLUDE (properties)');
    expect(await audit()).toMatchObject(clean);
    // One that lacks properties of its rows is not.
    await rewrite(2, '* EXCLUDE (properties)');
    expect(await audit()).toMatchObject({ ...clean, equal: 8, mismatched: 2 });
  });

  it.each([
    [1, 3],
    [3, 1],
  ])('segments of two releases are merged: of batches %i and %i', async (...batches) => {
    await rewrite(3, '* EXCLUDE (properties)');
    const rows = await segmentRows(duckDb(), 'user_events', batches.map(segment));
    mkdirSync(mergedFolder(rawLogDir), { recursive: true });
    const run = await writeRun(
      duckDb(),
      { table: 'user_events', rows, firstBatch: 1, lastBatch: 3 },
      { rawLogDir, temporary: path.join(rawLogDir, '.merge.tmp') },
    );
    const merged = path.join(mergedFolder(rawLogDir), run.files[0]!.name);
    const having = await duckDb().rows(
      `SELECT event_id FROM ${quoteLiteral(merged)} WHERE properties IS NOT NULL ORDER BY event_id`,
    );
    expect(run.files.map(({ rows: count }) => count)).toEqual([5]);
    expect(having.map(({ event_id: id }) => id)).toEqual(['e1', 'e3']);
    const old = await segmentRows(duckDb(), 'user_events', [segment(3)]);
    expect(await duckDb().rows(`SELECT DISTINCT properties FROM ${old}`)).toEqual([
      { properties: null },
    ]);
  });
});
