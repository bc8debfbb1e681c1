import { readdirSync } from 'node:fs';
import { importFolder, previewImport } from '../../../packages/raw-data/import-folder';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  NOW,
  ONE_USER,
  REJECTED_LIMITS,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

const optionsFor = (folder: string) => ({
  ...fixture,
  folder,
  currency: 'USD',
  arrival: 'assumed' as const,
  rejectedLimits: REJECTED_LIMITS,
  now: () => NOW,
});

const preview = (files: Files, options: { acceptRejected?: boolean } = {}) =>
  previewImport({ ...optionsFor(fixture.write(files)), ...options });

/** Every row of the database. */
async function everything(): Promise<unknown> {
  const { sql } = fixture.database;
  const tables = await sql<{ name: string }[]>`
    SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name
    FROM information_schema.tables WHERE table_schema IN ('raw_data', 'ops') ORDER BY 1`;
  const rows = await Promise.all(
    tables.map(({ name }) => sql.unsafe(`SELECT t::text AS row FROM ${name} AS t ORDER BY 1`)),
  );
  return tables.map(({ name }, index) => [name, rows[index]!.map(({ row }) => row as string)]);
}

const files: Files = {
  users: csv(`${USERS},shoe_size`, 'u1,2025-01-01T01:00:00+01:00,free,43', 'u2,2025-01-02,pro,44'),
  user_events: csv(
    USER_EVENTS,
    ...Array.from({ length: 9 }, (_, index) => `e${index},u1,s1,login,2025-02-01`),
    'e9,u9,s1,login,2025-02-01',
  ),
  billing_events: csv(BILLING_EVENTS, 'b1,u1,refund,1.5,2025-02-01T00:00:00.000001Z'),
};

it('changes nothing, not even in an empty database', async () => {
  const before = await everything();
  await preview(files);
  expect(await everything()).toEqual(before);
  await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, 'e,u9,s,login,2025-02-01') });
  const loaded = await everything();
  // The rejected row of u9 would be accepted.
  const { retried } = await preview({ users: csv(USERS, 'u9,2025-01-01,pro') });
  expect(retried.user_events).toBe(1);
  expect(await everything()).toEqual(loaded);
  expect(readdirSync(fixture.scratchDir)).toEqual([]);
});

it('says what the import then does', async () => {
  const folder = fixture.write(files);
  const { dry_run, ...said } = await previewImport(optionsFor(folder));
  const done = await importFolder(optionsFor(folder));
  expect(said).toEqual({ ...done, batch: null });
  expect(done.loaded).toMatchObject({
    users: 2,
    plan_changes: 0,
    user_events: 9,
    billing_events: 1,
  });
  const [batch] = await fixture.database
    .sql`SELECT complete_through AS complete FROM ops.load_batches`;
  expect(dry_run).toMatchObject({ error: null, complete_through: batch?.complete });
});

it('shows columns, the first rows as they would be stored, and a row of each reason', async () => {
  const { dry_run } = await preview(files);
  expect(dry_run.columns['users.csv']).toEqual(['user_id', 'signup_time', 'plan']);
  expect(dry_run.first_rows.users).toEqual([
    {
      user_id: 'u1',
      signup_time: '2025-01-01T00:00:00.000000Z',
      plan: 'free',
      country: null,
      ingested_at: '2025-01-01T00:00:00.000000Z',
    },
    expect.objectContaining({ user_id: 'u2' }),
  ]);
  expect(dry_run.first_rows.user_events).toHaveLength(5);
  expect(dry_run.first_rows.plan_changes).toEqual([]);
  expect(dry_run.first_rows.billing_events).toMatchObject([
    { amount_cents: '150', currency: 'USD', event_time: '2025-02-01T00:00:00.000001Z' },
  ]);
  expect(dry_run.examples).toEqual([
    {
      table: 'user_events',
      reason: 'unknown_user',
      property: null,
      rows: 1,
      source: 'user_events.csv',
      row: 10,
      line: 11,
      values: expect.objectContaining({ event_id: 'e9', user_id: 'u9' }),
    },
  ]);
});

it('says what would end the import', async () => {
  const bad: Files = { users: csv(USERS, 'u1,2025-01-01,free', 'u2,soon,free') };
  expect((await preview(bad)).dry_run.error).toMatchObject({
    code: 'TOO_MANY_REJECTED',
    message: expect.stringContaining('1 of 2 rows of users (50 %)'),
  });
  expect((await preview(bad, { acceptRejected: true })).dry_run.error).toBeNull();
  const worse: Files = { users: csv(USERS, 'u2,soon,free') };
  const { dry_run } = await preview(worse, { acceptRejected: true });
  expect(dry_run).toMatchObject({
    error: { code: 'NOTHING_ACCEPTED' },
    examples: [{ values: { signup_time: 'soon' } }],
  });
  const synthetic = fixture.database.sql`
    INSERT INTO ops.installation (id, currency, source)
    VALUES (gen_random_uuid(), 'USD', 'synthetic')`;
  await synthetic;
  await expect(preview(files)).rejects.toMatchObject({ code: 'SOURCE_MISMATCH' });
});

describe('users', () => {
  const events: Files = { user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01') };

  it('must be in the first import, with rows or from before', async () => {
    const missing = {
      code: 'INVALID_IMPORT',
      message: expect.stringMatching(/users\.csv .*missing/),
    };
    await expect(fixture.load(events)).rejects.toMatchObject(missing);
    await fixture.load({ users: csv(USERS) });
    await expect(fixture.load(events)).rejects.toMatchObject(missing);
  });

  it('need not be in a later one', async () => {
    await fixture.load({ users: ONE_USER });
    expect(await fixture.load(events)).toMatchObject({ batch: 2, loaded: { user_events: 1 } });
  });

  it('are not all that a later one may lack', async () => {
    await fixture.load({ users: ONE_USER });
    await expect(fixture.load({})).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      message: expect.stringMatching(/none of users, .* is in import-\d+; it is empty/),
    });
  });
});
