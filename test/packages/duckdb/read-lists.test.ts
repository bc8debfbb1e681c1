import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { readLists } from '../../../packages/duckdb/read-lists';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from './open-test-duckdb';

describe('readLists', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  /** The lists of each row. */
  async function read(sql: string) {
    const answer: number[][][] = [];
    for await (const { rows, lists } of readLists(duckDb.connection, { sql })) {
      for (let row = 0; row < rows; row += 1) {
        const ofRow = lists.map(({ offsets, values }) => [
          ...values.subarray(offsets[row], offsets[row + 1]),
        ]);
        answer.push(ofRow);
      }
    }
    return answer;
  }

  it('has the lists of each row, empty ones too', async () => {
    const sql = `SELECT [1.5::DOUBLE, 2.5], []::DOUBLE[] UNION ALL SELECT []::DOUBLE[], [3::DOUBLE]`;
    expect(await read(sql)).toEqual([
      [[1.5, 2.5], []],
      [[], [3]],
    ]);
    expect(await read(`SELECT []::DOUBLE[], []::DOUBLE[] LIMIT 0`)).toEqual([]);
  });

  it('has the lists of many chunks', async () => {
    const rows = 10_000;
    const sql = `SELECT list_transform(range(i % 7), x -> (i + x)::DOUBLE) FROM range(${rows}) AS r(i)`;
    const answer = await read(sql);
    const expected = Array.from({ length: rows }, (_, i) => [
      Array.from({ length: i % 7 }, (_element, x) => i + x),
    ]);
    expect(answer).toEqual(expected);
  });

  it('fails as the query that fails, and leaves the connection fit for use', async () => {
    await expect(read(`SELECT [error('broken')::DOUBLE]`)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('broken') as string },
    });
    expect(await read(`SELECT [3::DOUBLE]`)).toEqual([[[3]]]);
  });

  it('stops where it is cancelled, between two chunks too', async () => {
    const stopping = new AbortController();
    const sql = 'SELECT [i::DOUBLE] FROM range(10000) AS r(i)';
    const reading = async () => {
      const { signal } = stopping;
      for await (const { rows } of readLists(duckDb.connection, { sql, signal })) {
        expect(rows).toBeLessThan(10_000);
        stopping.abort(new Error('enough'));
      }
    };
    await expect(reading()).rejects.toThrow('enough');
  });
});
