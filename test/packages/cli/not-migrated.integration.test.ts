import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { run } from './command-line';
import { catalogueMessage } from '../../support/catalogue-message';

/** A new release over a database that `churn up` has not migrated yet. */
describe('a command over a database without the tables of this release', () => {
  const scratch = createScratchDirectory();
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
    scratch.remove();
  });

  const problemOf = async (...argv: string[]) => {
    const env = {
      CHURN_DATA_DIR: scratch.path,
      DATABASE_URL: database.url,
      REDIS_URL: process.env.TEST_REDIS_URL,
      TEMPORAL_ADDRESS: 'localhost:1',
    };
    const { code, out } = await run({ env }, ...argv, '--json');
    return { exit: code, ...(JSON.parse(out) as { code: string; detail: string }) };
  };

  it('says what is missing, and to run `churn up`', async () => {
    await database.sql`alter table ops.partition_runs drop column state_checked_through_batch`;
    const missing = {
      exit: 1,
      code: 'DATABASE_NOT_MIGRATED',
      detail: expect.stringMatching(
        catalogueMessage('DATABASE_NOT_MIGRATED', { problem: /.*state_checked_through_batch.*/ }),
      ),
    };
    expect(await problemOf('partitions')).toMatchObject(missing);

    await database.sql`drop schema ops cascade`;
    for (const argv of [['partitions'], ['restate', '--dry-run']]) {
      expect(await problemOf(...argv)).toMatchObject({ exit: 1, code: 'DATABASE_NOT_MIGRATED' });
    }
  });
});
