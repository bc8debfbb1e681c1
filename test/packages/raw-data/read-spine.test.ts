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

  it('reads values as an import does: without blanks, and times as integers of one certain unit', async () => {
    writeFileSync(file, 'user_id, time\n u1 ,1706745600000\n u2, 1706745600001\nu3,\nu4,0\n');
    await readSpine(duckDb, file);
    expect(await duckDb.rows('SELECT user_id, t FROM spine')).toEqual([
      { user_id: 'u1', t: 1_706_745_600_000_000n },
      { user_id: 'u2', t: 1_706_745_600_001_000n },
      { user_id: 'u3', t: null },
      { user_id: 'u4', t: null },
    ]);
    writeFileSync(file, 'user_id,time\nu1,2024-02-01 00:00:00 UTC\nu2,2024-02-01T00:00:00+99:99\n');
    await readSpine(duckDb, file);
    expect(await duckDb.rows('SELECT t FROM spine')).toEqual([
      { t: 1_706_745_600_000_000n },
      { t: null },
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
