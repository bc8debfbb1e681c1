import fc from 'fast-check';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { timeSql } from '../../../packages/raw-data/load/clean-rows-sql';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

describe('times as text', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path, 1);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  /** Epoch microseconds; null for what is no time. */
  async function read(texts: readonly string[]): Promise<(bigint | null)[]> {
    const values = texts.map((text, index) => `(${index}, ${quoteLiteral(text)})`).join(', ');
    const rows = await duckDb.rows<{ t: bigint | null }>(
      `SELECT epoch_us(${timeSql('v', 'text')}) AS t FROM (VALUES ${values}) AS r(i, v) ORDER BY i`,
    );
    return rows.map(({ t }) => t);
  }

  it.each([
    ['2024-03-10T12:34:56.123456Z', 1_710_074_096_123_456n],
    ['0001-01-01T00:00:00.000000Z', -62_135_596_800_000_000n],
    ['9999-12-31T23:59:59.999999Z', 253_402_300_799_999_999n],
    ['2024-03-10T24:00:00.000000Z', null],
    ['2024-02-30T00:00:00.000000Z', null],
    ['2024-03-10T 2:34:56.123456Z', null],
    [' 024-03-10T12:34:56.123456Z', null],
    ['2024-03-10T\t2:34:56.123456Z', null],
    ['\v024-03-10T12:34:56.123456Z', null],
    ['-024-03-10T12:34:56.123456Z', null],
    ['2024-03-10T12:34:60.123456Z', null],
    ['2024-03-10T12:34:56.12345 Z', null],
    [' 2024-03-10 12:34 ', 1_710_074_040_000_000n],
    ['\t2024-03-10 12:34', null],
    ['2024-03-10T12:34:56+05:00\t', null],
    ['2024-03-10\n', null],
  ])('%s is %s', async (text, micros) => {
    expect(await read([text])).toEqual([micros]);
  });

  it('are the same in the plainest form and with their zone written out', async () => {
    const base = fc.constantFrom(
      '2024-03-10T12:34:56.123456Z',
      '0001-01-01T00:00:00.000000Z',
      '2023-02-29T24:00:00.000000Z',
    );
    const letters = fc.constantFrom(...'0123456789-:TZ .+\t\n\v\f\r');
    const changes = fc.array(fc.tuple(fc.nat({ max: 25 }), letters), { maxLength: 3 });
    const text = fc.tuple(base, changes).map(([start, changed]) => {
      const characters = [...start];
      for (const [at, letter] of changed) characters[at] = letter;
      return characters.join('');
    });
    const law = fc.asyncProperty(
      fc.array(text, { minLength: 200, maxLength: 200 }),
      async (all) => {
        const writtenOut = all.map((each) => each.replace(/Z$/, '+00:00'));
        expect(await read(all)).toEqual(await read(writtenOut));
      },
    );
    await fc.assert(law, { numRuns: 30, seed: 20240310 });
  });
});
