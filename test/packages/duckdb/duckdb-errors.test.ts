import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ChurnError } from '../../../packages/contracts/errors';
import { readColumns } from '../../../packages/duckdb/column-transfer';
import { openDuckDb, readParquet } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { asDuckDbError, saidByDuckDb } from '../../../packages/duckdb/duckdb-errors';
import { translateErrors } from '../../../packages/duckdb/translate-errors';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { catalogueMessage } from '../../support/catalogue-message';

const scratch = createScratchDirectory();
afterAll(() => scratch.remove());
const at = (...names: string[]) => path.join(scratch.path, ...names);

const opened: { close(): void }[] = [];
afterAll(() => opened.forEach((duckDb) => duckDb.close()));

async function open(options: Partial<Parameters<typeof openDuckDb>[0]> = {}) {
  const duckDb = await openDuckDb({
    allowedDirectories: [scratch.path, '/dev'],
    scratchDirectory: at('scratch'),
    memoryMegabytes: 256,
    threads: 1,
    ...options,
  });
  opened.push(duckDb);
  return duckDb;
}

/** The error that some work rejects with. */
const errorOf = (work: Promise<unknown>): Promise<ChurnError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as ChurnError,
  );

const aggregateOfManyValues = 'SELECT list(md5(i::VARCHAR)) FROM range(3000000) r(i)';

describe('an error of DuckDB', () => {
  it('for want of memory names the setting, and is not worth trying again', async () => {
    const duckDb = await open({ memoryMegabytes: 32, settingMegabytes: 64, threads: 2 });
    const error = await errorOf(duckDb.run(aggregateOfManyValues));
    expect(error).toMatchObject({ code: 'DUCKDB_OUT_OF_MEMORY', retryable: false });
    expect(error.message).toMatch(
      catalogueMessage('DUCKDB_OUT_OF_MEMORY', { memoryMegabytes: 64, threads: 2 }),
    );
  });

  it('for want of room to spill is one of the storage', async () => {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: '1',
      memory_limit: '20MB',
      temp_directory: at('no-room'),
    });
    const plain = await instance.connect();
    await plain.run(`SET max_temp_directory_size = '1MB'`);
    const connection = translateErrors(plain, {
      allowedDirectories: [],
      memoryMegabytes: 20,
      threads: 1,
    });
    const large = `CREATE TEMP TABLE t AS SELECT md5(i::VARCHAR), md5((i + 1)::VARCHAR)
      FROM range(3000000) r(i)`;
    expect(await errorOf(connection.run(large))).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      details: { problem: 'the disk is full' },
    });
    connection.closeSync();
    instance.closeSync();
  });

  it('on a full disk is one of the storage', async () => {
    const duckDb = await open();
    const copy = `COPY (FROM range(3000000)) TO '/dev/full' (FORMAT parquet)`;
    expect(await errorOf(duckDb.run(copy))).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      details: { problem: 'the disk is full' },
    });
  });

  it('whose scratch folder can not be made is one of the storage', async () => {
    writeFileSync(at('a-file'), '');
    const error = await errorOf(open({ scratchDirectory: at('a-file', 'scratch') }));
    expect(error.code).toBe('STORAGE_UNAVAILABLE');
  });

  it.each([
    ['a cast', `SELECT CAST(x AS INTEGER) FROM (VALUES ('alice@example.com')) t(x)`],
    ['a time', `SELECT 'alice@example.com'::TIMESTAMPTZ`],
    ['an unknown table', `FROM missing WHERE email = 'alice@example.com'`],
    ['a syntax', `SELEKT 'alice@example.com'`],
    ['a name that a value stands beside', `SELECT 'alice@example.com' AS x, y`],
    ['an error of the query itself', `SELECT error('alice@example.com')`],
  ])('over %s does not repeat the value', async (_case, sql) => {
    const duckDb = await open();
    const error = await errorOf(duckDb.run(sql));
    expect(error).toMatchObject({ code: 'DUCKDB_QUERY_FAILED', retryable: false });
    expect(error.message).not.toContain('alice');
  });

  it('over a query says what is wrong with it', async () => {
    const duckDb = await open();
    const error = await errorOf(duckDb.run('SELECT y FROM (SELECT 1 AS x)'));
    expect(error.message).toContain('Binder Error: Referenced column "y" not found');
  });
});

describe('a Parquet file that can not be read', () => {
  const sound = at('raw_log', 'sound.parquet');
  beforeAll(async () => {
    const duckDb = await open();
    await duckDb.run(`COPY (SELECT i, md5(i::VARCHAR) AS s FROM range(100000) r(i))
      TO ${quoteLiteral(at('sound.parquet'))} (FORMAT parquet, COMPRESSION zstd)`);
  });

  const bytes = () => readFileSync(at('sound.parquet'));
  const damages: [string, (whole: Buffer) => Buffer, string][] = [
    ['cut off', (whole) => whole.subarray(0, whole.length / 2), 'it is cut off'],
    ['empty', () => Buffer.alloc(0), 'it is cut off'],
    ['of something else', () => Buffer.alloc(4_000, 'A'), 'it is cut off or not a Parquet file'],
    [
      'with an unreadable footer',
      (whole) => Buffer.from(whole).fill(255, whole.length - 300, whole.length - 20),
      'its metadata is unreadable',
    ],
    ['with unreadable rows', (whole) => Buffer.from(whole).fill(0, 100, whole.length - 2_000), ''],
    [
      'without its middle',
      (whole) => Buffer.concat([whole.subarray(0, 1_000), whole.subarray(whole.length - 3_000)]),
      'it is cut off',
    ],
  ];

  it.each(damages)('%s is named, alone and among others', async (name, damage, problem) => {
    const file = at(`damaged ${name}.parquet`);
    writeFileSync(file, damage(bytes()));
    const duckDb = await open();
    for (const files of [[file], [at('sound.parquet'), file, at('sound.parquet')]]) {
      const query = `SELECT max(i), max(s) FROM ${readParquet(files)}`;
      const error = await errorOf(duckDb.rows(query));
      expect(error).toMatchObject({
        code: 'CORRUPT_FILE',
        retryable: false,
        details: { path: `damaged ${name}.parquet` },
      });
      expect(String(error.details.problem)).toContain(problem);
    }
  });

  it('is named also where columns are read whole', async () => {
    const file = at("it's [damaged].parquet");
    writeFileSync(file, bytes());
    truncateSync(file, 1_000);
    const duckDb = await open();
    const sql = `SELECT i::INTEGER FROM ${readParquet([file])}`;
    const named = { code: 'CORRUPT_FILE', details: { path: "it's [damaged].parquet" } };
    const columns = readColumns(duckDb.connection, { sql, types: ['INTEGER'] });
    expect(await errorOf(columns)).toMatchObject(named);
    expect(await errorOf(duckDb.connection.runAndReadAll(sql))).toMatchObject(named);
  });

  it('in its middle fails what reads it, where a stream would end as if it were whole', async () => {
    const file = at('late.parquet');
    const duckDb = await open();
    await duckDb.run(`COPY (SELECT i, md5(i::VARCHAR) AS s FROM range(400000) r(i))
      TO ${quoteLiteral(file)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)`);
    const whole = readFileSync(file);
    writeFileSync(file, whole.fill(0, whole.length >> 1, whole.length - 20_000));
    const sql = `SELECT s FROM ${readParquet([file])}`;
    const named = { code: 'CORRUPT_FILE', details: { path: 'late.parquet' } };
    expect(await errorOf(duckDb.connection.run(sql))).toMatchObject(named);
    await expect(duckDb.connection.stream(sql)).rejects.toThrow('use run');
  });

  it('because it is not there may be there for the next attempt', async () => {
    const duckDb = await open();
    const error = await errorOf(duckDb.rows(`FROM ${readParquet([sound])}`));
    expect(error).toMatchObject({
      code: 'FILE_MISSING',
      retryable: true,
      details: { path: 'raw_log/sound.parquet' },
    });
  });
});

describe('what DuckDB says', () => {
  const context = {
    allowedDirectories: ['/data'],
    memoryMegabytes: 1,
    threads: 1,
    findUnreadable: () => Promise.resolve(undefined),
  };
  const translated = async (message: string, sql = '') =>
    (await asDuckDbError(new Error(message), sql, context)) as ChurnError;

  // Disks that can't be had in a test: the messages are those of DuckDB 1.5 on such disks.
  it.each([
    ['Cannot open file "/data/x.parquet": Read-only file system', 'read-only file system'],
    ['Failed to create directory "/data/spill": Read-only file system', 'read-only file system'],
    ['Could not write file "/data/x": Disk quota exceeded', 'quota'],
    ['Cannot open file "/data/x.parquet": Permission denied', 'permission denied'],
    [
      'Could not read from file "/data/x": Input/output error',
      'the disk reports read or write errors',
    ],
    ['Cannot open file "/data/x": Too many open files', 'too many files are open'],
    ['Something new about "/data/x"', 'could not be read or written'],
  ])('of a disk, %s, is a problem of the storage', async (said, problem) => {
    const error = await translated(`IO Error: ${said}`);
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: true });
    expect(error.details.problem).toContain(problem);
  });

  it('of a value that is no text does not reach the message', async () => {
    const said = `Invalid Input Error: Invalid string encoding found in Parquet file "/data/raw_log/a.parquet": value "alice\\x80" is not valid UTF8!`;
    const error = await translated(said);
    expect(error.message).not.toContain('alice');
    expect(error).toMatchObject({ code: 'CORRUPT_FILE', details: { path: 'raw_log/a.parquet' } });
  });

  it('is there for who must judge a file of somebody else, but not of a full disk', async () => {
    const said = 'Invalid Input Error: CSV Error on Line: 3\nOriginal Line: alice';
    expect(saidByDuckDb(await translated(said))).toBe(said);
    expect(saidByDuckDb(await translated('IO Error: No space left on device'))).toBeUndefined();
    expect(saidByDuckDb(new Error(said))).toBeUndefined();
  });

  it('nothing of, an error passes through', async () => {
    for (const error of [new RangeError('row 5 does not follow row 3'), 'oops', undefined]) {
      expect(await asDuckDbError(error, '', context)).toBe(error);
    }
  });
});
