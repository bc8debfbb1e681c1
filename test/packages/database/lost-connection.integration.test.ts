import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyIn } from '../../../packages/database/copy-in';
import type { TransactionSql } from '../../../packages/database';
import { withLeasedLock } from '../../../packages/database/leased-lock';
import { asDatabaseError } from '../../../packages/database/open-database';
import { openTransactionClient } from '../../../packages/database/transaction-client';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';

let database: TestDatabase;
const scratch = createScratchDirectory();
beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql`CREATE TABLE kept (value text)`;
});
afterEach(() => database.sql`TRUNCATE kept`);
afterAll(async () => {
  await database.drop();
  scratch.remove();
});

const unavailable = { code: 'POSTGRES_UNAVAILABLE' };

/** Ends other sessions of this database and waits until they are gone. */
async function endSessions(which: { pid: number } | 'all'): Promise<void> {
  const { sql } = database;
  const chosen = which === 'all' ? sql`true` : sql`pid = ${which.pid}`;
  await sql`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${chosen}`;
}

async function pidOf(tx: TransactionSql): Promise<number> {
  const [own] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  return own!.pid;
}

async function waitsForEver(pid: number): Promise<void> {
  for (;;) {
    const [session] = await database.sql`SELECT query FROM pg_stat_activity
      WHERE pid = ${pid} AND state = 'active' AND wait_event IS NOT NULL`;
    if (session) return;
  }
}

const values = async () =>
  (await database.sql<{ value: string }[]>`SELECT value FROM kept ORDER BY 1`).map(
    ({ value }) => value,
  );

describe('a transaction whose connection is lost', () => {
  const run = (work: (tx: TransactionSql) => Promise<unknown>) =>
    database.sql.begin(work).catch((error: unknown) => {
      throw asDatabaseError(error);
    });

  test.each<[string, (tx: TransactionSql, pid: number) => Promise<unknown>]>([
    ['between two queries', (_tx, pid) => endSessions({ pid })],
    [
      'during a query',
      async (tx, pid) => {
        const sleeping = Promise.all([tx`SELECT pg_sleep(3600)`, waitsForEver(pid)]);
        await Promise.all([sleeping, waitsForEver(pid).then(() => endSessions({ pid }))]);
      },
    ],
    [
      'while rows are copied',
      async (tx, pid) => {
        const file = path.join(scratch.path, 'rows.csv');
        writeFileSync(file, 'a\n'.repeat(2_000_000));
        let isEnding = false;
        await copyIn(tx, 'COPY kept FROM STDIN (FORMAT csv)', file, () => {
          if (!isEnding) void endSessions({ pid });
          isEnding = true;
        });
      },
    ],
  ])('fails and leaves nothing: %s', async (_when, lose) => {
    const lost = run(async (tx) => {
      await tx`INSERT INTO kept VALUES ('of the lost one')`;
      await lose(tx, await pidOf(tx));
      await tx`INSERT INTO kept VALUES ('after it')`;
    });
    await expect(lost).rejects.toMatchObject(unavailable);
    expect(await values()).toEqual([]);
  });

  it('sends nothing of what follows into the transaction of another', async () => {
    const steps: string[] = [];
    const lost = run(async (tx) => {
      await endSessions({ pid: await pidOf(tx) });
      await database.sql.begin(async (other) => {
        await other`INSERT INTO kept VALUES ('of another')`;
        await tx`INSERT INTO kept VALUES ('of the lost one')`.catch(() => steps.push('refused'));
        await expect(tx`ROLLBACK`).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
      });
      steps.push('ends');
      throw new Error('of the work');
    }).finally(() => steps.push('told'));
    await expect(lost).rejects.toThrow();
    expect(steps).toEqual(['refused', 'ends', 'told']);
    expect(await values()).toEqual(['of another']);
  });
});

it('is neither rolled back nor committed by the driver, which would end the process', async () => {
  const client = openTransactionClient(database.url, { onnotice: () => {} });
  const lost = client.run('', async (tx) => {
    await endSessions({ pid: await pidOf(tx) });
    while (!client.isLost()) await database.sql`SELECT 1`;
  });
  await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  // Meanwhile it would be written to a socket that is no more.
  await database.sql`SELECT 1`;
  await client.close(0);
});

describe('when all connections are lost at once', () => {
  it('queries fail or answer, and each later one gets its own answer', async () => {
    const { sql } = database;
    const ask = (number: number) =>
      sql<{ number: number }[]>`SELECT ${number}::integer AS number, pg_sleep(0.02)`.then(
        ([row]) => row!.number,
      );
    const asked = Array.from({ length: 200 }, (_, number) =>
      ask(number).catch((error: unknown) => {
        if ((asDatabaseError(error) as { code?: string }).code !== unavailable.code) throw error;
        // At once, as whoever tries again does.
        return ask(number).catch(() => number);
      }),
    );
    await endSessions('all');
    expect(await Promise.all(asked)).toEqual(asked.map((_, number) => number));
    expect(await Promise.all(asked.map((_, number) => ask(number)))).toHaveLength(200);
  });
});

it('fails as its work did, where the next holder of its lock has the lease by then', async () => {
  const failed = withLeasedLock(database, { key: 1, activity: 'testing', state: {} }, async () => {
    await database.sql`UPDATE ops.lock_leases SET backend_pid = backend_pid + 1 WHERE lock_key = 1`;
    throw new Error('of the work');
  });
  await expect(failed).rejects.toThrow('of the work');
  await database.sql`DELETE FROM ops.lock_leases WHERE lock_key = 1`;
});

it('limits how long a transaction may be idle, unless its process renews a lease', async () => {
  const limit = async (tx: TransactionSql) =>
    (await tx`SHOW idle_in_transaction_session_timeout`)[0]!
      .idle_in_transaction_session_timeout as string;
  expect(await database.sql.begin(limit)).toBe('1min');
  const lock = { key: 1, activity: 'testing', state: {} };
  expect(await withLeasedLock(database, lock, limit)).toBe('0');
  expect(await database.sql.begin(limit)).toBe('1min');
});
