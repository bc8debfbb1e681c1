import { freeEmptyTables } from '../../../../packages/raw-data/load/free-empty-tables';
import { createTestDatabase, type TestDatabase } from '../../../environment/test-database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const USERS = 20_000;

const insertUsers = (tx: { unsafe(sql: string): unknown }) =>
  tx.unsafe(`INSERT INTO raw_data.users (user_id, signup_time, plan, ingested_at, batch)
    SELECT 'u' || n, now(), 'free', now(), 1 FROM generate_series(1, ${USERS}) AS n`);

async function loadThatIsRolledBack(): Promise<void> {
  const rolledBack = database.sql.begin(async (tx) => {
    await insertUsers(tx);
    throw new Error('killed');
  });
  await expect(rolledBack).rejects.toThrow('killed');
}

async function bytesOfUsers(): Promise<number> {
  const [row] = await database.sql<{ bytes: number }[]>`
    SELECT pg_relation_size('raw_data.users')::float8 AS bytes`;
  return row!.bytes;
}

async function countUsers(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM raw_data.users`;
  return row!.count;
}

describe('tables that a load left empty', () => {
  it('lose what it had put into their files', async () => {
    await loadThatIsRolledBack();
    expect(await bytesOfUsers()).toBeGreaterThan(1_000_000);
    await freeEmptyTables(database);
    expect(await bytesOfUsers()).toBe(0);
  });

  it('are left as they are while somebody reads them', async () => {
    await loadThatIsRolledBack();
    await database.sql.begin(async (reader) => {
      await reader`SELECT FROM raw_data.users`;
      await freeEmptyTables(database, { lockTimeoutMs: 50 });
    });
    expect(await bytesOfUsers()).toBeGreaterThan(1_000_000);
  });

  it('keep their rows if they have any', async () => {
    await database.sql.begin((tx) => insertUsers(tx));
    await freeEmptyTables(database);
    expect(await countUsers()).toBe(USERS);
  });
});
