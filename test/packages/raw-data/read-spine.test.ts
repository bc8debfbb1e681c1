import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { readSpine } from '../../../packages/raw-data/read-spine';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

describe('reading a spine', () => {
  const scratch = createScratchDirectory();
  const file = path.join(scratch.path, 'spine.csv');
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it('numbers the rows as they lie in the file, though threads read its parts', async () => {
    // 21 megabytes: a thread reads 8 at a time.
    const rows = 600_000;
    const second = (row: number) => new Date(row * 1_000).toISOString();
    const lines = Array.from({ length: rows }, (_, row) => `user${row},${second(row)}`);
    writeFileSync(file, `user_id,time\n${lines.join('\n')}\n`);
    expect(await readSpine(duckDb, file)).toBe(rows);
    const [found] = await duckDb.rows(`SELECT bool_and(t = rowid * 1000000) AS times,
      bool_and(user_id = 'user' || rowid) AS users FROM spine`);
    expect(found).toEqual({ times: true, users: true });
  });

  it('finds its columns by name, and has NULL for a time that is none', async () => {
    writeFileSync(file, 'time,more,user_id\n1970-01-01T00:00:01Z,x,"a,b"\nsoon,y,\n');
    expect(await readSpine(duckDb, file)).toBe(2);
    expect(await duckDb.rows('SELECT user_id, t FROM spine')).toEqual([
      { user_id: 'a,b', t: 1_000_000n },
      { user_id: '', t: null },
    ]);
  });

  it('reads the file of this name, whatever the name is', async () => {
    for (const name of ['spine[1].csv', 'sp*.csv', 'spine?.csv']) {
      writeFileSync(path.join(scratch.path, 'spine1.csv'), 'user_id,time\nother,2024-01-01\n');
      const named = path.join(scratch.path, name);
      writeFileSync(named, `user_id,time\n${name},2024-01-01\n`);
      expect(await readSpine(duckDb, named)).toBe(1);
      expect(await duckDb.rows('SELECT user_id FROM spine')).toEqual([{ user_id: name }]);
    }
  });
});
