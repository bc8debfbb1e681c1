import { copyToParquet, type DuckDb } from '../../../../packages/duckdb/open-duckdb';
import { distinctUserHash, userNumbers } from '../../../../packages/features/grid/user-hash';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { openTestDuckDb } from '../../duckdb/open-test-duckdb';

describe('the hash that stands for a user', () => {
  const scratch = createScratchDirectory();
  const files = [1, 2].map((batch) => `${scratch.path}/users-${batch}.parquet`);
  const segments = files.map((file, index) => ({
    file,
    firstBatch: index + 1,
    lastBatch: index + 1,
  }));
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
    await duckDb.run(copyToParquet(`SELECT unnest(['ann', 'bob']) AS user_id`, files[0]!));
    await duckDb.run(copyToParquet(`SELECT unnest(['ann', 'eve']) AS user_id`, files[1]!));
    await duckDb.run(`CREATE TEMP TABLE user_rows AS
      SELECT * FROM (VALUES (0, 'ann'), (1, 'bob')) AS r(u, user_id)`);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it.each([
    ['the first that is another for each', ['hash(user_id)', 'length(user_id)'], 'hash(user_id)'],
    ['not one that two users share', ['length(user_id)', 'md5(user_id)'], 'md5(user_id)'],
    // Of bob and eve, who are in different files.
    [
      'nor one that users of two batches share',
      ["user_id > 'b'", 'hash(user_id)'],
      'hash(user_id)',
    ],
  ])('is %s', async (_case, candidates, expected) => {
    expect(await distinctUserHash(duckDb, segments, candidates)).toBe(expected);
  });

  it('has to be there', async () => {
    await expect(distinctUserHash(duckDb, segments, ['length(user_id)'])).rejects.toThrow(
      RangeError,
    );
  });

  it('finds the number of a user, and the number of all for one that is none of them', async () => {
    const words = "(CASE user_id WHEN 'ann' THEN 7 ELSE 30064771072 END)::UBIGINT";
    const numberOf = await userNumbers(duckDb, words, 2);
    expect([numberOf(7, 0), numberOf(0, 7), numberOf(7, 7)]).toEqual([0, 1, 2]);
  });
});
