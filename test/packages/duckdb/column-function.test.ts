import { registerColumnFunction } from '../../../packages/duckdb/column-function';
import { openDuckDb, type DuckDb } from '../../../packages/duckdb/open-duckdb';
import { createScratchDirectory } from '../../environment/scratch-directory';

describe('a SQL function of typed arrays', () => {
  const scratch = createScratchDirectory();
  const rows = 300_000;
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openDuckDb({
      allowedDirectories: [scratch.path],
      scratchDirectory: scratch.path,
      memoryMegabytes: 512,
      threads: 2,
    });
    await duckDb.run(`CREATE TEMP TABLE places AS SELECT i FROM range(${rows}) AS r(i)`);
    const types = { small: 'UTINYINT', whole: 'INTEGER', real: 'DOUBLE' } as const;
    registerColumnFunction(duckDb.connection, 'at_row', types, [
      Uint8Array.from({ length: rows }, (_, row) => row % 251),
      Int32Array.from({ length: rows }, (_, row) => -row),
      // A part of a larger array is read from where it begins.
      Float64Array.from({ length: rows + 1 }, (_, row) => (row - 1) / 7).subarray(1),
    ]);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it('has at each row of a table what the arrays have there', async () => {
    const [found] = await duckDb.rows(`SELECT count(*) AS n, bool_and(v.small = i % 251) AS small,
        bool_and(v.whole = -i) AS whole, bool_and(v.real = i / 7.0::DOUBLE) AS real
      FROM (SELECT i, at_row(rowid::INTEGER) AS v FROM places)`);
    expect(found).toEqual({ n: BigInt(rows), small: true, whole: true, real: true });
  });

  it('refuses rows that do not follow each other', async () => {
    const query = 'SELECT at_row((rowid // 2)::INTEGER) FROM places';
    // The thread that fails first tells its row; which one that is changes.
    const said = expect.stringMatching(/row (\d+) does not follow row \1$/) as string;
    await expect(duckDb.run(query)).rejects.toMatchObject({ cause: { message: said } });
  });
});
