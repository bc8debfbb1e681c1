import fc from 'fast-check';
import { openDuckDb, readParquet, type DuckDb } from '../../../packages/duckdb/open-duckdb';
import { quoteIdentifier, quoteList, quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { createScratchDirectory } from '../../environment/scratch-directory';

describe('quoting', () => {
  it.each([
    ['plain', "'plain'"],
    ['', "''"],
    ["it's", "'it''s'"],
    ["'; DROP TABLE users; --", "'''; DROP TABLE users; --'"],
    ['back\\slash', "'back\\slash'"],
    ['línea\n', "'línea\n'"],
  ])('makes a literal of %j', (value, sql) => {
    expect(quoteLiteral(value)).toBe(sql);
  });

  it.each([
    ['user_id', '"user_id"'],
    ['odd "name"', '"odd ""name"""'],
    ['select', '"select"'],
  ])('makes an identifier of %j', (name, sql) => {
    expect(quoteIdentifier(name)).toBe(sql);
  });

  it('makes a list, also an empty one', () => {
    expect(quoteList(['a', "b'c"])).toBe("['a', 'b''c']");
    expect(quoteList([])).toBe('[]');
  });

  it('refuses a NUL byte, which would end the text early', () => {
    expect(() => quoteLiteral('a\0b')).toThrow(RangeError);
    expect(() => quoteIdentifier('a\0b')).toThrow(RangeError);
  });

  it('reads files in the order given, and at least one', () => {
    expect(readParquet(['b', 'a'])).toBe("read_parquet(['b', 'a'], hive_partitioning = false)");
    expect(() => readParquet([])).toThrow(RangeError);
  });
});

describe('what is quoted', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openDuckDb({
      allowedDirectories: [scratch.path],
      scratchDirectory: scratch.path,
      memoryMegabytes: 128,
      threads: 1,
    });
  });
  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  const anyText = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));

  it('comes back from DuckDB as the same text', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const [row] = await duckDb.rows(`SELECT ${quoteLiteral(text)} AS text`);
        expect(row).toEqual({ text });
      }),
    );
  });

  it('names a column whatever its characters', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const name = `x${text}`;
        const [row] = await duckDb.rows(`SELECT 1 AS ${quoteIdentifier(name)}`);
        expect(Object.keys(row!)).toEqual([name]);
      }),
    );
  });
});
