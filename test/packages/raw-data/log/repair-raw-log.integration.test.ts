import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { syncRawLog } from '../../../../packages/raw-data/log/raw-log';
import { repairRawLog } from '../../../../packages/raw-data/log/repair-raw-log';
import {
  createRawDataFixture,
  csv,
  PLAN_CHANGES,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from '../raw-data-fixture';

let fixture: RawDataFixture;
let rawLogDir: string;
beforeAll(async () => {
  fixture = await createRawDataFixture();
  rawLogDir = path.join(fixture.folder, 'raw_log');
});
afterAll(() => fixture.remove());

const first: Files = {
  users: csv(`${USERS},country`, 'b,2025-01-01,free,', 'a,2025-01-02,pro,NL'),
  plan_changes: csv(PLAN_CHANGES, 'c1,b,pro,2025-01-05'),
  user_events: csv(USER_EVENTS, 'e1,b,s1,login,2025-02-01', 'e2,a,s2,login,2025-01-09'),
};
const second: Files = { users: csv(USERS, 'c,2025-01-03,free') };

const hashes = () =>
  readdirSync(rawLogDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .sort()
    .map((name) => {
      const bytes = readFileSync(path.join(rawLogDir, name));
      return `${name} ${createHash('sha256').update(bytes).digest('hex')}`;
    });

describe('the repair of the raw log', () => {
  const repair = () => repairRawLog({ ...fixture, rawLogDir });
  const fileOf = (batch: number, table: string) =>
    path.join(rawLogDir, `batch=00000${batch}`, `${table}.parquet`);
  let whole: string[];
  beforeEach(async () => {
    await fixture.reset();
    rmSync(rawLogDir, { recursive: true, force: true });
    await fixture.load(first);
    await fixture.load(second);
    await syncRawLog({ ...fixture, rawLogDir });
    whole = hashes();
  });
  const isEqual = {
    ...{ equal: 6, missing: 0, extra: 0, mismatched: 0, not_comparable: 0 },
    examples: [],
  };

  it('finds nothing where nothing is wrong', async () => {
    expect(await repair()).toEqual({ found: [], audit: isEqual });
    expect(hashes()).toEqual(whole);
  });

  it.each([
    ['cut off', () => truncateSync(fileOf(1, 'user_events'), 200), 'damaged raw_log/batch=000001'],
    ['gone', () => rmSync(fileOf(2, 'users')), 'missing raw_log/batch=000002/users.parquet'],
    [
      'one of another batch',
      () => cpSync(fileOf(1, 'users'), fileOf(2, 'users')),
      'missing in batch 2: 1 row of users',
    ],
  ])('makes a segment again that is %s, with the bytes that it had', async (_what, harm, named) => {
    harm();
    const { found, audit: after } = await repair();
    expect(found).toContainEqual(expect.stringContaining(named));
    expect(after).toEqual(isEqual);
    expect(hashes()).toEqual(whole);
  });

  it('makes rows again that are other than those of Postgres, and only their segment', async () => {
    const { ino } = statSync(fileOf(2, 'users'));
    await fixture.database.sql`UPDATE raw_data.users SET country = 'FR' WHERE country = 'NL'`;
    expect(await repair()).toEqual({
      found: ['mismatched in batch 1: 1 row of users'],
      audit: isEqual,
    });
    expect(statSync(fileOf(2, 'users')).ino).toBe(ino);
  });

  it('removes nothing where another may hold the log by the time it has compared', async () => {
    truncateSync(fileOf(1, 'user_events'), 200);
    const before = hashes();
    const { sql } = fixture.database;
    const lost = repairRawLog({
      ...fixture,
      rawLogDir,
      // Opened to compare, while the log is held.
      openDuckDb: async (...args) => {
        await sql`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'idle in transaction'`;
        return fixture.openDuckDb(...args);
      },
    });
    await expect(lost).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    expect(hashes()).toEqual(before);
  });

  it('leaves a folder alone that mirrors another installation', async () => {
    truncateSync(fileOf(1, 'users'), 200);
    await fixture.reset();
    await fixture.load(second);
    const before = hashes();
    await expect(repair()).rejects.toMatchObject({ code: 'INSTALLATION_MISMATCH' });
    expect(hashes()).toEqual(before);
  });
});
