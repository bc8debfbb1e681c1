import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  copyToParquet,
  openDuckDb,
  readParquet,
  withDuckDbs,
  type DuckDb,
} from '../../../packages/duckdb/open-duckdb';
import { registerColumnSource } from '../../../packages/duckdb/column-transfer';
import { parquetRowCounts } from '../../../packages/duckdb/parquet-metadata';
import { quoteFile, quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { createScratchDirectory } from '../../environment/scratch-directory';

const scratch = createScratchDirectory();
const inside = path.join(scratch.path, 'inside');
const outside = path.join(scratch.path, 'outside');
const sibling = path.join(scratch.path, 'inside-not');
const opened: DuckDb[] = [];

async function open(threads = 1): Promise<DuckDb> {
  const duckDb = await openDuckDb({
    allowedDirectories: [inside],
    scratchDirectory: path.join(inside, 'scratch'),
    memoryMegabytes: 256,
    threads,
  });
  opened.push(duckDb);
  return duckDb;
}

beforeAll(() => {
  for (const folder of [inside, outside, sibling]) {
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'secret.csv'), 'a\n1\n');
  }
});
afterAll(() => {
  for (const duckDb of opened) duckDb.close();
  scratch.remove();
});

describe('several DuckDBs', () => {
  it('spill into folders of their own, and leave nothing behind', async () => {
    const scratchDirectory = path.join(inside, 'spilling');
    const options = { allowedDirectories: [inside], scratchDirectory, memoryMegabytes: 64 };
    const openings = [1, 1].map((threads) => openDuckDb({ ...options, threads }));
    await withDuckDbs(openings, async (duckDbs) => {
      const folders: string[] = [];
      for (const duckDb of duckDbs) {
        const setting = `SELECT current_setting('temp_directory') AS folder`;
        folders.push(String((await duckDb.rows(setting))[0]!.folder));
        await duckDb.run(
          'CREATE TEMP TABLE large AS SELECT md5(i::VARCHAR) FROM range(3000000) r(i)',
        );
      }
      expect(new Set(folders).size).toBe(2);
      expect(readdirSync(scratchDirectory).sort()).toEqual(
        folders.map((folder) => path.basename(folder)).sort(),
      );
    });
    expect(readdirSync(scratchDirectory)).toEqual([]);
  });

  it('are closed when one of them can not be opened', async () => {
    let isUsed = false;
    const close = jest.fn();
    const fake = Promise.resolve({ close } as unknown as DuckDb);
    const use = async () => void (isUsed = true);
    const failing = Promise.reject(new Error('no memory'));
    await expect(withDuckDbs([fake, failing], use)).rejects.toThrow('no memory');
    expect([isUsed, close.mock.calls.length]).toEqual([false, 1]);
  });
});

describe('a confined DuckDB', () => {
  let duckDb: DuckDb;
  beforeAll(async () => {
    duckDb = await open();
  });

  const file = (folder: string, name = 'secret.csv') => quoteLiteral(path.join(folder, name));

  it('reads and writes in its folders', async () => {
    await duckDb.run(`COPY (SELECT 1 AS a) TO ${file(inside, 'own.csv')}`);
    expect(await duckDb.rows(`SELECT a FROM read_csv(${file(inside, 'own.csv')})`)).toEqual([
      { a: 1n },
    ]);
  });

  it.each([
    ['another folder', () => `FROM read_csv(${file(outside)})`],
    ['a folder whose name only begins like its own', () => `FROM read_csv(${file(sibling)})`],
    ['a way up out of its own', () => `FROM read_csv(${file(`${inside}/../outside`)})`],
    ['the text of a file elsewhere', () => `FROM read_text(${file(outside)})`],
    ['a list of files elsewhere', () => `FROM glob(${file(outside, '*')})`],
    ['the network', () => `FROM read_csv('https://example.invalid/a.csv')`],
  ])('does not read %s', async (_name, sql) => {
    await expect(duckDb.rows(sql())).rejects.toThrow();
  });

  it.each([
    ['a file elsewhere', () => `COPY (SELECT 1) TO ${file(outside, 'new.csv')}`],
    ['a database elsewhere', () => `ATTACH ${file(outside, 'new.db')} AS elsewhere`],
    ['an export elsewhere', () => `EXPORT DATABASE ${file(outside, 'export')}`],
  ])('does not write %s', async (_name, sql) => {
    await expect(duckDb.run(sql())).rejects.toThrow();
    for (const name of ['new.csv', 'new.db', 'export/schema.sql']) {
      expect(existsSync(path.join(outside, name))).toBe(false);
    }
  });

  it.each([
    ['its folders', () => `SET allowed_directories = [${file(outside, '')}]`],
    ['its access to the outside', () => 'SET enable_external_access = true'],
    ['the lock on its settings', () => 'SET lock_configuration = false'],
    ['its memory', () => `SET memory_limit = '64GB'`],
    ['its threads', () => 'SET threads = 64'],
    ['its time zone', () => `SET TimeZone = 'Europe/Berlin'`],
  ])('does not let SQL change %s', async (_name, sql) => {
    await expect(duckDb.run(sql())).rejects.toThrow();
  });

  it('installs and loads no extension', async () => {
    await expect(duckDb.run('INSTALL httpfs')).rejects.toThrow();
    await expect(duckDb.run('LOAD httpfs')).rejects.toThrow();
  });

  it('computes instants in UTC, to the microsecond', async () => {
    const [row] = await duckDb.rows(
      `SELECT epoch_us(make_timestamptz(1709164800123456)) AS micros,
        make_timestamptz(1709164800123456)::VARCHAR AS text`,
    );
    expect(row).toEqual({ micros: 1_709_164_800_123_456n, text: '2024-02-29 00:00:00.123456+00' });
  });

  it('shares nothing with another one', async () => {
    await duckDb.run('CREATE TABLE mine AS SELECT 1');
    const other = await open();
    await expect(other.rows('FROM mine')).rejects.toThrow();
  });
});

describe('a single-threaded one beside another', () => {
  it.each([
    ['with two threads', 2],
    ['with one thread, whose database it shares', 1],
  ])('%s has the same permissions and time zone, and tables of its own', async (_what, threads) => {
    const duckDb = await open(threads);
    const other = await duckDb.openSingleThreaded();
    expect(other.threads).toBe(1);
    await duckDb.run('CREATE TEMP TABLE mine AS SELECT 1');
    await expect(other.rows('FROM mine')).rejects.toThrow();
    await expect(other.rows(`FROM read_csv('${outside}/secret.csv')`)).rejects.toThrow();
    await expect(other.run('SET lock_configuration = false')).rejects.toThrow();
    const [row] = await other.rows(`SELECT make_timestamptz(0)::VARCHAR AS text`);
    expect(row).toEqual({ text: '1970-01-01 00:00:00+00' });
    other.close();
    expect(await duckDb.rows('SELECT count(*)::INTEGER AS n FROM mine')).toEqual([{ n: 1 }]);
  });

  it('reads the columns that it was handed itself', async () => {
    const duckDb = await open();
    const both = [duckDb, await duckDb.openSingleThreaded()];
    const sources = both.map(({ connection }) =>
      registerColumnSource(connection, 'numbers', { n: 'INTEGER' }),
    );
    for (const [index, source] of sources.entries()) source.set([Int32Array.of(index)], 1);
    const found = both.map((each, index) => each.rows(`FROM ${sources[index]!.relation}`));
    expect(await Promise.all(found)).toEqual([[{ n: 0 }], [{ n: 1 }]]);
  });
});

describe('a query that is aborted', () => {
  it('ends at once with an error, and the connection goes on', async () => {
    const duckDb = await open();
    const controller = new AbortController();
    const endless = duckDb.rows(
      'SELECT count(*) FROM range(1000000000) a, range(1000000000) b',
      controller.signal,
    );
    // The query runs off the event loop: this timer fires meanwhile.
    setTimeout(() => controller.abort(), 50);
    await expect(endless).rejects.toThrow(/INTERRUPT/i);
    expect(await duckDb.rows('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  });

  it('does not begin when it was aborted before', async () => {
    const duckDb = await open();
    const reason = new Error('stopped by hand');
    await expect(duckDb.run('CREATE TABLE a AS SELECT 1', AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    await expect(duckDb.rows('FROM a')).rejects.toThrow();
  });
});

describe('a Parquet file', () => {
  const rows = `SELECT i AS user_id, i * 7919 % 1000 AS sessions, (i % 97) / 7 AS avg, i % 3 = 0 AS pro,
    make_timestamptz(1709164800000000 + i) AS feature_time FROM range(200000) t(i)
    ORDER BY sessions, user_id`;

  it('has the same bytes for 1, 2 and 4 threads, and when it is written again', async () => {
    const hashes = new Set<string>();
    for (const [run, threads] of [1, 2, 4, 4].entries()) {
      const duckDb = await open(threads);
      const file = path.join(inside, `run-${run}.parquet`);
      await duckDb.run(copyToParquet(rows, file));
      hashes.add(createHash('sha256').update(readFileSync(file)).digest('hex'));
    }
    expect(hashes.size).toBe(1);
  });

  it('comes back in the order and with the types it was written with', async () => {
    const duckDb = await open(2);
    const file = path.join(inside, `it's a "file".parquet`);
    await duckDb.run(copyToParquet('SELECT 2 AS b, true AS c UNION ALL SELECT 1, NULL', file));
    expect(await duckDb.rows(`FROM ${readParquet([file])}`)).toEqual([
      { b: 2, c: true },
      { b: 1, c: null },
    ]);
  });

  it('takes no columns from the names of its folders', async () => {
    const duckDb = await open();
    const folder = path.join(inside, 'year=2024');
    mkdirSync(folder);
    await duckDb.run(copyToParquet('SELECT 1 AS a', path.join(folder, 'x.parquet')));
    expect(await duckDb.rows(`FROM ${readParquet([path.join(folder, 'x.parquet')])}`)).toEqual([
      { a: 1 },
    ]);
  });
});

describe('a folder of any name', () => {
  const names = [
    'x[12]',
    "it's a * day?",
    'a?b',
    '[a-z]',
    '[!x]',
    '**',
    'b]c',
    '{a,b}',
    'd#1 100%',
    'back\\slash',
    'line\nfeed',
    'ü',
  ];

  it.each(names)('is read and written, and no other in its place: %j', async (name) => {
    const [folder, others] = [path.join(scratch.path, 'names', name), ['x1', 'a_b', 'x', 'a']];
    for (const each of [
      folder,
      ...others.map((other) => path.join(scratch.path, 'names', other)),
    ]) {
      mkdirSync(each, { recursive: true });
      writeFileSync(path.join(each, 'a.csv'), `v\n${each === folder ? 'right' : 'wrong'}\n`);
    }
    const duckDb = await openDuckDb({
      allowedDirectories: [folder],
      scratchDirectory: path.join(folder, 'scratch'),
      memoryMegabytes: 64,
      threads: 1,
    });
    const written = path.join(folder, `of ${name}.parquet`);
    await duckDb.run(
      copyToParquet(`FROM read_csv(${quoteFile(path.join(folder, 'a.csv'))})`, written),
    );
    expect(await duckDb.rows(`FROM ${readParquet([written])}`)).toEqual([{ v: 'right' }]);
    expect(await parquetRowCounts(duckDb, [written])).toEqual([1]);
    duckDb.close();
  });

  it('may sort more there than its memory holds', async () => {
    const folder = path.join(scratch.path, 'names', 'sorts [1-9]*');
    const duckDb = await openDuckDb({
      allowedDirectories: [folder],
      scratchDirectory: folder,
      memoryMegabytes: 64,
      threads: 1,
    });
    const large = 'SELECT md5(i::VARCHAR) FROM range(3000000) r(i)';
    await expect(duckDb.run(`CREATE TEMP TABLE large AS ${large}`)).resolves.toBeUndefined();
    duckDb.close();
  });

  it('is refused when DuckDB could not tell it from others', async () => {
    const folder = path.join(scratch.path, 'a\\[1]');
    const opening = openDuckDb({
      allowedDirectories: [folder],
      scratchDirectory: folder,
      memoryMegabytes: 64,
      threads: 1,
    });
    await expect(opening).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      details: { problem: expect.stringContaining('a backslash beside [, * or ?') },
    });
  });
});
