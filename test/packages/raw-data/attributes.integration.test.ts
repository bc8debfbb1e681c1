import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyToParquet } from '../../../packages/duckdb/open-duckdb';
import { previewImport } from '../../../packages/raw-data/import-folder';
import { readWaitingRows } from '../../../packages/raw-data/rejected/list-rejected-rows';
import { rejectedCsv } from '../../../packages/raw-data/rejected/rejected-csv';
import {
  createRawDataFixture,
  csv,
  ONE_USER,
  PLAN_CHANGES,
  REJECTED_LIMITS,
  rejectedRows,
  USER_ATTRIBUTES,
  USER_EVENTS,
  USERS,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

const ATTRIBUTES = 'user_id,name,value,event_time';

/** `batch user name=value time`, with the arrival where it is another; the load's moment is `now`. */
async function attributes(): Promise<string[]> {
  const rows = await fixture.database.sql<{ text: string }[]>`
    WITH shown AS (
      SELECT given.*, load.committed_at - given.event_time < interval '1 minute' AS is_now,
        load.committed_at - given.ingested_at < interval '1 minute' AS arrives_now
      FROM raw_data.user_attributes AS given JOIN ops.load_batches AS load USING (batch))
    SELECT batch || ' ' || user_id || ' ' || name || '=' || value || ' '
      || CASE WHEN is_now THEN 'now' ELSE to_char(event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') END
      || CASE WHEN ingested_at = event_time THEN '' WHEN arrives_now THEN ' arrived now'
         ELSE ' arrived ' || to_char(ingested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') END AS text
    FROM shown ORDER BY batch, user_id, name, event_time`;
  return rows.map(({ text }) => text);
}

it('reads a file of attributes, whose ids are made of what they are about', async () => {
  const files = {
    users: ONE_USER,
    user_attributes: csv(
      ATTRIBUTES,
      'u1, country , DE ,2025-02-01',
      'u1,country,FR,2025-03-01',
      'u1,team size,NULL,2025-03-01',
    ),
  };
  const report = await fixture.load(files);
  expect(report.loaded).toMatchObject({ users: 1, user_attributes: 2 });
  expect(report.warnings.at(-1)).toMatchObject({ code: 'absent_values', count: 1 });
  const stored = ['1 u1 country=DE 2025-02-01 00:00', '1 u1 country=FR 2025-03-01 00:00'];
  expect(await attributes()).toEqual(stored);
  expect(await fixture.load(files)).toMatchObject({
    batch: null,
    unchanged: { user_attributes: 2 },
  });
  const other = csv(ATTRIBUTES, 'u1,country,IT,2025-03-01');
  await fixture.load({ users: ONE_USER, user_attributes: other });
  expect(await rejectedRows(fixture.database)).toEqual([
    'user_attributes.csv:1 conflicting_duplicate',
  ]);
  expect(await attributes()).toEqual(stored);
});

it('reads columns of JSON lines and Parquet, each file with those that it has', async () => {
  const folder = fixture.write({ users: ONE_USER });
  const event = (id: string) => ({
    ...{ event_id: id, user_id: 'u1', session_id: 's1', event_type: 'login' },
    event_time: `2025-02-0${id.slice(1)}`,
  });
  const lines = [{ ...event('e1'), a_age: 34 }, { ...event('e2'), a_vip: true }, event('e3')];
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  writeFileSync(path.join(folder, 'user_events.jsonl'), text);
  const duckDb = await fixture.openDuckDb([fixture.folder]);
  const select = `SELECT 'c' || i AS change_id, 'u1' AS user_id, 'pro' AS plan,
    DATE '2025-03-01' + i::INTEGER AS event_time, [0.5, NULL][i] AS "a_share of i",
    i = 1 AS a_first, CAST(i AS DECIMAL(4, 3)) / 8 AS a_part FROM range(1, 3) AS r(i)`;
  await duckDb.run(copyToParquet(select, path.join(folder, 'plan_changes.parquet'), 'log'));
  duckDb.close();
  await fixture.load({}, { folder });
  expect(await attributes()).toEqual([
    '1 u1 age=34 2025-02-01 00:00',
    '1 u1 first=true 2025-03-02 00:00',
    '1 u1 first=false 2025-03-03 00:00',
    '1 u1 part=0.125 2025-03-02 00:00',
    '1 u1 part=0.25 2025-03-03 00:00',
    '1 u1 share of i=0.5 2025-03-02 00:00',
    '1 u1 vip=true 2025-02-02 00:00',
  ]);
});

it('refuses a Parquet file whose column can mean no text', async () => {
  const folder = fixture.write({}, 'structs');
  const duckDb = await fixture.openDuckDb([fixture.folder]);
  const select = `SELECT 'u1' AS user_id, '2025-01-01' AS signup_time, 'pro' AS plan, [1] AS a_list`;
  await duckDb.run(copyToParquet(select, path.join(folder, 'users.parquet'), 'log'));
  duckDb.close();
  await expect(fixture.load({}, { folder })).rejects.toThrow(
    /users\.parquet has column a_list with the type INTEGER\[\]/,
  );
});

it('keeps ids that are given, so that a moment may have several values', async () => {
  const rows = ['a1,u1,country,DE,2025-02-01', 'a2,u1,country,FR,2025-02-01'];
  const made = ',u1,country,IT,2025-02-01';
  const files = { users: ONE_USER, user_attributes: csv(USER_ATTRIBUTES, ...rows, made) };
  expect((await fixture.load(files)).loaded.user_attributes).toBe(3);
  const stored = await fixture.database.sql<{ attribute_id: string; value: string }[]>`
    SELECT attribute_id, value FROM raw_data.user_attributes ORDER BY value`;
  expect(stored).toMatchObject([
    { attribute_id: 'a1', value: 'DE' },
    { attribute_id: 'a2', value: 'FR' },
    // The first half of SHA-256 of `u1\ncountry\n1738368000000000`.
    {
      attribute_id: createHash('sha256')
        .update('u1\ncountry\n1738368000000000')
        .digest('hex')
        .slice(0, 32),
    },
  ]);
});

it('reads the columns of events and plan changes as of their moments', async () => {
  const files = {
    users: csv(USERS, 'u1,2025-01-01,free'),
    plan_changes: csv(
      `${PLAN_CHANGES},a_tier`,
      'c1,u1,pro,2025-02-01,gold',
      'c2,u1,pro,2025-02-02,',
    ),
    user_events: csv(
      `${USER_EVENTS},A_Browser,a_os,ingested_at`,
      'e1,u1,s1,login,2025-03-01,Firefox,Linux,2025-03-02',
      'e2,u1,s1,view,2025-03-01,Firefox,,2025-03-02',
      'e3,u1,s1,view,2025-03-03,Firefox,,2025-03-03',
    ),
  };
  const report = await fixture.load(files);
  expect(report.loaded).toMatchObject({ user_attributes: 4 });
  expect(report.unchanged).toMatchObject({ user_attributes: 1 });
  expect(report.ignored_columns).toMatchObject({ user_events: [], plan_changes: [] });
  expect(report.files.map((file) => file.attributes)).toEqual([[], ['tier'], ['Browser', 'os']]);
  expect(await attributes()).toEqual([
    '1 u1 Browser=Firefox 2025-03-01 00:00 arrived 2025-03-02 00:00',
    '1 u1 Browser=Firefox 2025-03-03 00:00',
    '1 u1 os=Linux 2025-03-01 00:00 arrived 2025-03-02 00:00',
    '1 u1 tier=gold 2025-02-01 00:00',
  ]);
  expect(await fixture.load(files)).toMatchObject({ batch: null });
});

it('takes from the columns of users what is new: since signup, or since it was said', async () => {
  const day = (...rows: string[]) => ({ users: csv(`${USERS},a_country,a_team`, ...rows) });
  await fixture.load(day('u1,2025-01-01,free,DE,red'));
  await fixture.load(day('u1,2025-01-01,free,DE,blue', 'u2,2025-05-05,free,,red'));
  await fixture.load(day('u1,2025-01-01,free,,blue', 'u2,2025-05-05,free,US,red'));
  await fixture.load(day('u1,2025-01-01,free,FR,blue', 'u2,2025-05-05,free,US,red'));
  await fixture.load(day('u1,2025-01-01,free,DE,blue', 'u2,2025-05-05,free,US,red'));
  expect(await attributes()).toEqual([
    '1 u1 country=DE 2025-01-01 00:00',
    '1 u1 team=red 2025-01-01 00:00',
    '2 u1 team=blue now',
    '2 u2 team=red 2025-05-05 00:00',
    '3 u2 country=US now',
    '4 u1 country=FR now',
    '5 u1 country=DE now',
  ]);
});

it('takes the arrival of users for the moment of a change, in one load as in several', async () => {
  const rows = [
    'u1,2025-01-01,free,DE,2025-01-02',
    'u1,2025-01-01,free,DE,2025-02-01',
    'u1,2025-01-01,free,FR,2025-03-01',
    'u1,2025-01-01,free,DE,2025-04-01',
  ];
  const load = (lines: string[]) =>
    fixture.load({ users: csv(`${USERS},a_country,ingested_at`, ...lines) });
  const expected = [
    'u1 country=DE 2025-01-01 00:00 arrived 2025-01-02 00:00',
    'u1 country=FR 2025-03-01 00:00',
    'u1 country=DE 2025-04-01 00:00',
  ];
  const found = async () => (await attributes()).map((line) => line.replace(/^\d+ /, ''));
  for (const row of rows) await load([row]);
  expect(await found()).toEqual(expected);
  await fixture.reset();
  expect((await load(rows.toReversed())).loaded).toMatchObject({ users: 1, user_attributes: 3 });
  expect(await found()).toEqual(expected);
  expect(await load(rows)).toMatchObject({ batch: null, unchanged: { user_attributes: 4 } });
  const sent = csv(ATTRIBUTES, 'u1,country,FR,2025-03-01');
  expect(await fixture.load({ user_attributes: sent })).toMatchObject({ batch: null });
});

it('loads none of a row that is rejected, and keeps it to be mended or tried again', async () => {
  const header = `${USER_EVENTS},a_country,a_os`;
  await fixture.load({
    users: ONE_USER,
    user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01'),
  });
  const report = await fixture.load({
    user_events: csv(
      header,
      'e1,u1,s1,view,2025-02-01,DE,',
      'e2,u9,s1,login,2025-02-01,FR,',
      'e3,u1,s1,login,never,IT,',
      `e4,u1,s1,login,2025-02-04,${'x'.repeat(1025)},`,
      `e5,u1,s1,login,2025-02-05,${'x'.repeat(1024)},a\tb`,
    ),
  });
  expect(report).toMatchObject({
    loaded: { user_events: 2, user_attributes: 1 },
    rejected: {
      user_events: { conflicting_duplicate: 1, unknown_user: 1, invalid_time: 1 },
      user_attributes: { conflicting_duplicate: 1, unknown_user: 1, invalid_value: 2 },
    },
  });
  const kept = await fixture.database.sql`
    SELECT source || ' ' || line || ' ' || reason AS place,
      "values" ->> 'value' AS value, "values" ->> 'a_country' AS a_country,
      "values" ->> 'event_time' AS event_time, "values" ? 'attribute_id' AS has_id
    FROM raw_data.rejected_rows WHERE "values" ? 'value' OR "values" ? 'a_country' ORDER BY 1`;
  expect(kept).toMatchObject([
    { place: 'user_events.csv 4 invalid_time', a_country: 'IT' },
    { place: 'user_events.csv:a_country 2 conflicting_duplicate', value: 'DE', has_id: true },
    { place: 'user_events.csv:a_country 3 unknown_user', value: 'FR', has_id: true },
    {
      place: 'user_events.csv:a_country 5 invalid_value',
      value: `${'x'.repeat(1024)}… (1025 characters)`,
      event_time: '2025-02-04T00:00:00.000000Z',
      has_id: true,
    },
    { place: 'user_events.csv:a_os 6 invalid_value', value: 'a\tb', has_id: true },
  ]);
  const next = await fixture.load({ users: csv(USERS, 'u9,2025-01-01,free') });
  expect(next.retried).toMatchObject({ user_events: 1, user_attributes: 1 });
  expect(await attributes()).toEqual([
    `2 u1 country=${'x'.repeat(1024)} 2025-02-05 00:00`,
    '3 u9 country=FR 2025-02-01 00:00',
  ]);
});

it('takes rejected rows back once they are corrected, with the id that they had', async () => {
  const file = csv(ATTRIBUTES, `u1,bio,${'x'.repeat(1025)},2025-02-01`);
  await fixture.load({ users: ONE_USER, user_attributes: file });
  const { database } = fixture;
  const waiting = () => readWaitingRows(database, { table: 'user_attributes', limit: 9 });
  const { rows } = await waiting();
  const corrected = rejectedCsv('user_attributes', rows, 'USD').replace(/x+… [^,]*/, 'short');
  await fixture.load({ user_attributes: corrected });
  expect(await attributes()).toEqual(['2 u1 bio=short 2025-02-01 00:00']);
  expect((await waiting()).rows).toEqual([]);
});

it('stores what other columns and files say before it compares columns of users', async () => {
  await fixture.load({ users: ONE_USER });
  const report = await fixture.load({
    users: csv(`${USERS},a_country,a_tier,ingested_at`, 'u1,2025-01-01,free,DE,gold,2025-03-01'),
    plan_changes: csv(`${PLAN_CHANGES},a_tier`, 'c1,u1,pro,2025-02-02,gold'),
    user_attributes: csv(ATTRIBUTES, 'u1,country,DE,2025-02-01', 'u1,country,FR,2025-04-01'),
  });
  expect(report.loaded.user_attributes).toBe(3);
  expect(report.unchanged.user_attributes).toBe(2);
  expect(await attributes()).toEqual([
    '2 u1 country=DE 2025-02-01 00:00',
    '2 u1 country=FR 2025-04-01 00:00',
    '2 u1 tier=gold 2025-02-02 00:00',
  ]);
});

it('counts a user who contradicts what is loaded as not having said anything', async () => {
  await fixture.load({ users: csv(`${USERS},a_team`, 'u1,2025-01-01,free,red') });
  const header = `${USERS},a_team,ingested_at`;
  const rows = ['u1,2025-01-01,pro,blue,2025-03-01', 'u2,2025-01-01,pro,,2025-03-01'];
  await fixture.load({ users: csv(header, ...rows, 'u3,2025-01-01,pro,a\tb,2025-03-01') });
  expect(await attributes()).toEqual(['1 u1 team=red 2025-01-01 00:00']);
  const { sql } = fixture.database;
  const refused = await sql`SELECT reason, "values" ->> 'event_time' AS event_time
    FROM raw_data.rejected_rows WHERE source = 'users.csv:a_team' ORDER BY "row"`;
  expect(refused).toMatchObject([
    { reason: 'conflicting_duplicate', event_time: '2025-03-01T00:00:00+00:00' },
    // Since when a value of a user holds is decided when it is accepted.
    { reason: 'invalid_value', event_time: null },
  ]);
});

it('says in a dry run what it would store, and stores nothing', async () => {
  const folder = fixture.write({
    users: csv(`${USERS},a_country`, 'u1,2025-01-01,free,DE'),
    user_attributes: csv(ATTRIBUTES, 'u1,team,red,2025-02-01'),
  });
  const preview = await previewImport({
    ...fixture,
    folder,
    currency: 'USD',
    arrival: 'assumed',
    rejectedLimits: REJECTED_LIMITS,
  });
  expect(preview.loaded.user_attributes).toBe(2);
  expect(preview.dry_run.first_rows.user_attributes).toMatchObject([
    { user_id: 'u1', name: 'team', value: 'red', event_time: '2025-02-01T00:00:00.000000Z' },
    { user_id: 'u1', name: 'country', value: 'DE', event_time: '2025-01-01T00:00:00.000000Z' },
  ]);
  expect(await attributes()).toEqual([]);
});
