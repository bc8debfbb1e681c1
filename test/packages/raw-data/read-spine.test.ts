import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { readSpine } from '../../../packages/raw-data/read-spine';
import { packZstd } from '../../support/pack-zstd';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

describe('reading a spine', () => {
  const scratch = createScratchDirectory();
  const file = path.join(scratch.path, 'spine.csv');
  let duckDb: DuckDb;
  const read = (of = file) => readSpine(duckDb, { file: of, scratchDir: scratch.path });

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
    expect(await read()).toBe(rows);
    const [found] = await duckDb.rows(`SELECT bool_and(t = rowid * 1000000) AS times,
      bool_and(user_id = 'user' || rowid) AS users FROM spine`);
    expect(found).toEqual({ times: true, users: true });
  });

  it('finds its columns by name, and has NULL for a time that is none', async () => {
    writeFileSync(file, 'time,more,user_id\n1970-01-01T00:00:01Z,x,"a,b"\nsoon,y,\n');
    expect(await read()).toBe(2);
    expect(await duckDb.rows('SELECT user_id, t FROM spine')).toEqual([
      { user_id: 'a,b', t: 1_000_000n },
      { user_id: '', t: null },
    ]);
  });

  it('reads values as an import does: without blanks, and times as integers of one certain unit', async () => {
    writeFileSync(file, 'user_id, time\n u1 ,1706745600000\n u2, 1706745600001\nu3,\nu4,0\n');
    await read();
    expect(await duckDb.rows('SELECT user_id, t FROM spine')).toEqual([
      { user_id: 'u1', t: 1_706_745_600_000_000n },
      { user_id: 'u2', t: 1_706_745_600_001_000n },
      { user_id: 'u3', t: null },
      { user_id: 'u4', t: null },
    ]);
    writeFileSync(file, 'user_id,time\nu1,2024-02-01 00:00:00 UTC\nu2,2024-02-01T00:00:00+99:99\n');
    await read();
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
      expect(await read(named)).toBe(1);
      expect(await duckDb.rows('SELECT user_id FROM spine')).toEqual([{ user_id: name }]);
    }
  });

  const SPINE = 'user_id,time\nü1,2024-02-01\n"a;b",2024-02-02\n';
  it.each([
    ['UTF-16', Buffer.from(`\uFEFF${SPINE}`, 'utf16le')],
    ['gzip', gzipSync(SPINE)],
    ['zstd', packZstd(SPINE)],
    ['UTF-16 in gzip', gzipSync(Buffer.from(`\uFEFF${SPINE}`, 'utf16le'))],
    ['tabs', SPINE.replaceAll(',', '\t')],
    ['Excel’s sep=', `sep=,\r\n${SPINE.replaceAll('\n', '\r\n')}`],
    ['several line ends', SPINE.replace('\n', '\r\n')],
  ])('reads a file as an import does: %s', async (_what, bytes) => {
    writeFileSync(file, bytes);
    const before = readdirSync(scratch.path);
    expect(await read()).toBe(2);
    expect(await duckDb.rows('SELECT user_id, t FROM spine')).toEqual([
      { user_id: 'ü1', t: 1_706_745_600_000_000n },
      { user_id: 'a;b', t: 1_706_832_000_000_000n },
    ]);
    expect(readdirSync(scratch.path)).toEqual(before);
  });

  it.each([
    ['an empty field too many', `${SPINE}u3,2024-02-03,\n`, 'it has more fields at line 4 than'],
    ['Windows-1252', Buffer.from(SPINE, 'latin1'), 'it is not UTF-8 at line 2'],
    ['a file that is cut off', gzipSync(SPINE).subarray(0, -9), 'it is cut off'],
    ['a file that is packed twice', gzipSync(gzipSync(SPINE)), 'it is packed twice'],
    ['no bytes', '', 'it has no header line'],
    ['a column twice', 'user_id,time,time\n', 'it has column time twice'],
    ['no time', 'user_id\n', 'it has no column time'],
    [
      'a row too short',
      `${SPINE}u3\n`,
      'one of its lines is not valid CSV (Invalid Input Error: CSV Error on Line: 4)',
    ],
  ])('refuses %s', async (_what, bytes, problem) => {
    writeFileSync(file, bytes);
    await expect(read()).rejects.toMatchObject({
      code: 'INVALID_SPINE',
      message: expect.stringContaining(`The spine file can't be used: ${problem}`) as string,
    });
  });

  it('refuses a file that is not there', async () => {
    await expect(read(path.join(scratch.path, 'none.csv'))).rejects.toMatchObject({
      code: 'INVALID_SPINE',
      details: { problem: "it can't be read (ENOENT)" },
    });
  });
});
