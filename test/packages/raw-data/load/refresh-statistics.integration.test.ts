import { refreshStatistics } from '../../../../packages/raw-data/load/refresh-statistics';
import { createTestDatabase, type TestDatabase } from '../../../environment/test-database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const insertUsers = (tx: { unsafe(sql: string): unknown }, count: number) =>
  tx.unsafe(`INSERT INTO raw_data.users (user_id, signup_time, plan, ingested_at, batch)
    SELECT 'u' || n, now(), 'free', now(), 1 FROM generate_series(1, ${count}) AS n`);

async function countedUsers(): Promise<number> {
  const [row] = await database.sql<{ rows: number }[]>`
    SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = 'raw_data.users'::regclass`;
  return row!.rows;
}

/** As a load leaves it that is killed, once Postgres has looked at the table. */
async function leaveKilledLoad(): Promise<void> {
  const rolledBack = database.sql.begin(async (tx) => {
    await insertUsers(tx, 500);
    throw new Error('killed');
  });
  await expect(rolledBack).rejects.toThrow('killed');
  await database.sql`ANALYZE raw_data.users`;
}

describe('the statistics of a table', () => {
  it('count the rows of this load where a killed one had left none', async () => {
    await leaveKilledLoad();
    expect(await countedUsers()).toBe(0);
    await database.sql.begin(async (tx) => {
      await insertUsers(tx, 500);
      await refreshStatistics(tx, 'users', { copied: 500, rowsMin: 501 });
      expect(await countedUsers()).toBe(0);
      await refreshStatistics(tx, 'users', { copied: 500, rowsMin: 500 });
      expect(await countedUsers()).toBe(500);
    });
  });
});
