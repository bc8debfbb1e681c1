import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  copyWithPlainTimes,
  inexactTimes,
  readParquetFooter,
} from '../../../../packages/raw-data/values/exact-parquet-times';
import {
  readThriftStruct,
  writeThriftStruct,
} from '../../../../packages/raw-data/values/thrift-compact';
import { createCleaningFixture, type CleaningFixture } from './cleaning-fixture';

let fixture: CleaningFixture;
beforeAll(async () => {
  fixture = await createCleaningFixture();
});
afterAll(() => fixture.remove());

/** Written by parquet-times/write_times.py: the plan of a user says the nanoseconds of the signup. */
const fileOf = (name: string) => path.join(__dirname, 'parquet-times', `${name}.parquet`);

/** In plain integers. */
function roundedUp(nanos: bigint): bigint {
  const cut = nanos / 1000n;
  return cut * 1000n < nanos ? cut + 1n : cut;
}

describe('times in a Parquet file', () => {
  it.each(['naive', 'utc', 'berlin', 'int96', 'int96-plain', 'micros'])(
    'are rounded up to the microsecond, however they are stored: %s',
    async (name) => {
      const folder = await fixture.write({ 'users.parquet': { copyOf: fileOf(name) } });
      const rows = await fixture.clean(folder, 'users');
      const missing = rows.filter(({ reason }) => reason === 'invalid_time');
      const present = rows.filter(({ reason }) => reason === null);
      expect([missing.length, present.length]).toEqual([3, 63]);
      expect(present.map((row) => row.signup_time)).toEqual(
        present.map(({ plan }) => roundedUp(BigInt(plan!))),
      );
    },
  );

  it('of every year that they can be in, and null beyond', async () => {
    const days = [1_721_425, 1_721_426, 5_373_484, 5_373_485, 2_147_483_647];
    const bytes = (day: number, nanos: bigint) => {
      const buffer = Buffer.alloc(12);
      buffer.writeBigUInt64LE(nanos, 0);
      buffer.writeInt32LE(day, 8);
      return [...buffer].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    };
    const values = [
      ...days.map((day) => bytes(day, 0n)),
      bytes(2_440_588, 86_400_000_000_000n),
      bytes(2_440_588, 86_399_999_999_999n),
      bytes(2_440_588, 2n ** 63n),
      bytes(-1, 2n ** 64n - 1n),
    ];
    const { microsSql } = await import('../../../../packages/raw-data/values/epoch-sql');
    const found = await fixture.duckDb.rows<{ t: bigint | null }>(
      `SELECT ${microsSql('v', 'int96')} AS t FROM (SELECT unnest([${values.map((value) => `'${value}'::BLOB`).join(', ')}]) AS v)`,
    );
    expect(found.map(({ t }) => t)).toEqual([
      null,
      -62_135_596_800_000_000n,
      253_402_214_400_000_000n,
      null,
      null,
      null,
      86_400_000_000n,
      null,
      null,
    ]);
  });
});

describe('the footer of a Parquet file', () => {
  it.each(['naive', 'utc', 'int96-plain', 'micros'])(
    'comes back byte for byte: %s',
    async (name) => {
      const { metadata, start } = await readParquetFooter(fileOf(name));
      const bytes = readFileSync(fileOf(name)).subarray(start, -8);
      expect(writeThriftStruct(metadata).equals(bytes)).toBe(true);
    },
  );

  it('says which columns DuckDB would cut, at the top of the schema only', async () => {
    const kinds = async (name: string) => [...inexactTimes(await readParquetFooter(fileOf(name)))];
    expect(await kinds('utc')).toEqual([['signup_time', 'nanos']]);
    expect(await kinds('int96')).toEqual([['signup_time', 'int96']]);
    expect(await kinds('naive')).toEqual([]);
    expect(await kinds('micros')).toEqual([]);
  });

  it('is the only part of a copy that differs', async () => {
    const footer = await readParquetFooter(fileOf('int96'));
    const copy = path.join(fixture.folder, 'copy.parquet');
    const columns = inexactTimes(footer);
    await copyWithPlainTimes({ file: fileOf('int96'), footer }, columns, copy);
    const data = (file: string) => readFileSync(file).subarray(0, footer.start);
    expect(data(copy).equals(data(fileOf('int96')))).toBe(true);
    const types = await fixture.duckDb.rows(`DESCRIBE SELECT * FROM read_parquet('${copy}')`);
    expect(types.map((row) => row.column_type)).toEqual([
      'STRUCT(signup_time TIMESTAMP)',
      'VARCHAR',
      'BLOB',
      'VARCHAR',
    ]);
  });

  it.each([
    ['no bytes', ''],
    ['a list that is longer than the bytes', '19fcffffffff0f'],
    ['an integer without end', '15ffffffffffffffffffffff'],
    ['a text that is cut off', '18ff01aa'],
    ['a map', '1b00'],
    ['no end', '1502'],
  ])('is refused when it has %s', (_what, hex) => {
    expect(() => readThriftStruct(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });

  it('that is damaged where DuckDB does not look refuses the file by name', async () => {
    const whole = readFileSync(fileOf('int96'));
    const file = path.join(fixture.folder, 'short.parquet');
    writeFileSync(file, whole.subarray(0, 8));
    await expect(readParquetFooter(file)).rejects.toThrow(new RangeError('it is too short'));
    const long = Buffer.from(whole);
    long.writeUInt32LE(whole.length, whole.length - 8);
    writeFileSync(file, long);
    await expect(readParquetFooter(file)).rejects.toThrow('longer than the file');
  });
});
