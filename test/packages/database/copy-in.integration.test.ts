import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyIn } from '../../../packages/database/copy-in';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';

let database: TestDatabase;
const scratch = createScratchDirectory();
beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql`CREATE TABLE parents (id text PRIMARY KEY)`;
  await database.sql`CREATE TABLE children (id text PRIMARY KEY, parent text REFERENCES parents)`;
  await database.sql`INSERT INTO parents VALUES ('p')`;
});
afterEach(() => database.sql`TRUNCATE children`);
afterAll(async () => {
  await database.drop();
  scratch.remove();
});

/** Copies these lines into `children`, in a transaction of its own. */
async function copyLines(lines: string[], afterwards = async () => {}): Promise<void> {
  const file = path.join(scratch.path, 'children.csv');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  await database.sql.begin(async (tx) => {
    await copyIn(tx, 'COPY children FROM STDIN (FORMAT csv)', file);
    await afterwards();
  });
}

const many = Array.from({ length: 200_000 }, (_, index) => `${index},p`);
const count = async () => (await database.sql`SELECT FROM children`).length;

describe('a file that is copied in', () => {
  it('is there, whole, once the transaction is over', async () => {
    await copyLines(many, async () => expect(await count()).toBe(0));
    expect(await count()).toBe(200_000);
  });

  it('may be empty', async () => {
    await copyLines([]);
    expect(await count()).toBe(0);
  });

  it.each([
    ['a repeated key', ['1,p', '1,p'], '23505'],
    ['a repeated key after many rows', [...many, '5,p'], '23505'],
    ['a repeated key before many rows', ['5,p', ...many], '23505'],
    ['a missing parent, which shows itself at the end', ['1,p', '2,q'], '23503'],
    ['a row of another width', ['1'], '22P04'],
  ])('fails with what the server says, and leaves nothing: %s', async (_what, lines, code) => {
    await expect(copyLines(lines)).rejects.toMatchObject({ code });
    expect(await count()).toBe(0);
  });

  it('fails when it is not there', async () => {
    const missing = path.join(scratch.path, 'missing.csv');
    const copied = database.sql.begin((tx) => copyIn(tx, 'COPY children FROM STDIN', missing));
    await expect(copied).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['is cancelled', 'pg_cancel_backend', '57014'],
    ['loses its connection', 'pg_terminate_backend', 'CONNECTION_CLOSED'],
  ])('fails when it %s while its constraints are checked', async (_what, end, code) => {
    let copied: Promise<unknown> | undefined;
    await database.sql.begin(async (tx) => {
      await tx`LOCK TABLE parents IN ACCESS EXCLUSIVE MODE`;
      copied = copyLines(['1,p']).catch((error: unknown) => error);
      for (let ended = 0; ended === 0;) {
        const waiting = await tx`
          SELECT ${tx(end)}(pid) FROM pg_locks WHERE relation = 'parents'::regclass AND NOT granted`;
        ended = waiting.length;
      }
    });
    expect(await copied).toMatchObject({ code });
    expect(await count()).toBe(0);
  });
});
