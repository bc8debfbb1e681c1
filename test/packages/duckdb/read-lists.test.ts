import { readListsOfAll, type DuckDb } from '../../../packages/duckdb';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../features/raw-log-fixture';

describe('readListsOfAll', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  /** Per query the lists of each row. */
  async function read(sqls: readonly string[]) {
    const answers = sqls.map(() => [] as number[][][]);
    for await (const { query, rows, lists } of readListsOfAll(duckDb.connection, { sqls })) {
      for (let row = 0; row < rows; row += 1) {
        const ofRow = lists.map(({ offsets, values }) => [
          ...values.subarray(offsets[row], offsets[row + 1]),
        ]);
        answers[query]!.push(ofRow);
      }
    }
    return answers;
  }

  it('has the lists of each row, empty ones too, of each query in order', async () => {
    const lists = [
      `SELECT [1.5::DOUBLE, 2.5], []::DOUBLE[] UNION ALL SELECT []::DOUBLE[], [3::DOUBLE]`,
      `SELECT []::DOUBLE[], []::DOUBLE[] LIMIT 0`,
      `SELECT [4::DOUBLE], [5::DOUBLE]`,
    ];
    expect(await read(lists)).toEqual([
      [
        [[1.5, 2.5], []],
        [[], [3]],
      ],
      [],
      [[[4], [5]]],
    ]);
    expect(await read([])).toEqual([]);
  });

  it('has the lists of many chunks', async () => {
    const rows = 10_000;
    const sql = `SELECT list_transform(range(i % 7), x -> (i + x)::DOUBLE) FROM range(${rows}) AS r(i)`;
    const [answer] = await read([sql]);
    const expected = Array.from({ length: rows }, (_, i) => [
      Array.from({ length: i % 7 }, (_element, x) => i + x),
    ]);
    expect(answer).toEqual(expected);
  });

  it('fails as the query that fails, and leaves the connection fit for use', async () => {
    const failing = [
      `SELECT [1::DOUBLE]`,
      `SELECT [error('broken')::DOUBLE]`,
      `SELECT [2::DOUBLE]`,
    ];
    await expect(read(failing)).rejects.toThrow('broken');
    expect(await read([`SELECT [3::DOUBLE]`])).toEqual([[[[3]]]]);
  });

  it('waits for the query that is under way when its reader stops', async () => {
    const sqls = [`SELECT [1::DOUBLE]`, `SELECT [sum(i)::DOUBLE] FROM range(1000000) AS r(i)`];
    for await (const { query } of readListsOfAll(duckDb.connection, { sqls })) {
      expect(query).toBe(0);
      break;
    }
    expect(await read([`SELECT [3::DOUBLE]`])).toEqual([[[[3]]]]);
  });

  it('stops where it is cancelled, between two chunks too', async () => {
    const stopping = new AbortController();
    const sqls = ['SELECT [i::DOUBLE] FROM range(10000) AS r(i)'];
    const reading = async () => {
      for await (const { rows } of readListsOfAll(duckDb.connection, {
        sqls,
        signal: stopping.signal,
      })) {
        expect(rows).toBeLessThan(10_000);
        stopping.abort(new Error('enough'));
      }
    };
    await expect(reading()).rejects.toThrow('enough');
  });
});
