import fc from 'fast-check';
import type { DuckDb } from '../../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../../packages/duckdb/quote-sql';
import { parseInstant } from '../../../../packages/instants/epoch-micros';
import { timeSql } from '../../../../packages/raw-data/values/time-sql';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { openTestDuckDb } from '../../duckdb/open-test-duckdb';

function parsedOrNull(text: string): bigint | null {
  try {
    return parseInstant(text);
  } catch {
    return null;
  }
}

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
    ['2024-03-10T12:34:56.12345 Z', 1_710_074_096_123_450n],
    ['2024-03-10T12:34:56.12345  Z', null],
    ['\t2024-03-10 12:34', null],
    ['2024-03-10 12:34:56 UTC', 1_710_074_096_000_000n],
    ['2024-03-10 12:34:56.5 UTC', 1_710_074_096_500_000n],
    ['2024-03-10 12:34:56.1234567 UTC', 1_710_074_096_123_457n],
    ['2024-03-10 12:34:56 GMT', 1_710_074_096_000_000n],
    ['2024-03-10T12:34utc', 1_710_074_040_000_000n],
    ['2024-03-10 24:00:00 UTC', null],
    ['2024-03-10 12:34:60 UTC', null],
    ['2024-03-10 12:34:56 PST', null],
    ['2024-03-10 UTC', null],
    ['2024-03-10 12:34:56.123 -0800', 1_710_102_896_123_000n],
    ['2024-03-10 12:34:56 +05:30', 1_710_054_296_000_000n],
    ['2024-03-10T12:34:56+14:00', 1_710_023_696_000_000n],
    ['2024-03-10T12:34:56-14', 1_710_124_496_000_000n],
    ['2024-03-10T12:34:56+14:01', null],
    ['2024-03-10T12:34:56+15:00', null],
    ['2024-03-10T12:34:56+99:99', null],
    ['2024-03-10T12:34:56+05:60', null],
    ['2024-03-10T12:34:56-24:00', null],
    ['2024-03-10T12:34:56.123456000Z', 1_710_074_096_123_456n],
    ['2024-03-10T12:34:56.1234560001Z', 1_710_074_096_123_457n],
    ['2024-03-10T12:34:56.9999991', 1_710_074_097_000_000n],
    ['1969-12-31T23:59:59.9999991+00:00', 0n],
    ['9999-12-31T23:59:59.9999991Z', null],
    ['0001-01-01T00:00:00+00:01', null],
    ['0001-01-01T00:00:00-00:01', -62_135_596_740_000_000n],
    ['2024-03-10T12:34:56,5Z', null],
    ['2024-03-10T12:34:56.Z', null],
    ['infinity', null],
    ['1710074096', null],
    ['2024-03-10T12:34:56+05:00\t', null],
    ['2024-03-10\n', null],
  ])('%s is %s', async (text, micros) => {
    expect(await read([text])).toEqual([micros]);
  });

  it('are read as packages/instants reads them, or refused by both', async () => {
    const part = (...texts: string[]) => fc.constantFrom(...texts);
    const text = fc
      .tuple(
        part('2024-03-10', '2024-02-30', '0001-01-01', '9999-12-31', '1969-12-31'),
        part('', 'T', ' ', 't'),
        part('', '00:00', '23:59:59', '24:00:00', '12:60', '12:00:60', '7:00'),
        part('', '.', '.5', '.999999', '.9999990', '.9999991', '.000000001', '.1234560000000001'),
        part('', ' ', '  '),
        part('', 'Z', 'z', 'UTC', 'Gmt', '+00', '-0800', '+14:00', '-14:01', '+5', '+05:60', 'CET'),
      )
      .map((parts) => parts.join(''));
    const law = fc.asyncProperty(
      fc.array(text, { minLength: 300, maxLength: 300 }),
      async (all) => {
        const trimmed = all.map((each) => each.trim());
        expect(await read(trimmed)).toEqual(trimmed.map(parsedOrNull));
      },
    );
    await fc.assert(law, { numRuns: 20, seed: 20240311 });
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
