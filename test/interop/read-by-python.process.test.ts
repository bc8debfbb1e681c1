import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { dataPaths } from '../../packages/config/data-paths';
import { readParquet } from '../../packages/duckdb/open-duckdb';
import { featureSet } from '../../packages/features/feature-set';
import { formatInstant, MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import { midnightOf } from '../../packages/instants/logical-date';
import { computePartitions } from '../../packages/offline-store/compute-partitions';
import type { PartitionRequest } from '../../packages/offline-store/partition-request';
import { createLedger } from '../../packages/offline-store/ledger';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { createScratchDirectory } from '../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../environment/test-database';
import { openTestDuckDb } from '../packages/duckdb/open-test-duckdb';
import { writeRawLog } from '../packages/features/raw-log-fixture';
import { findPython } from './find-python';
import { unusualUserIds, unusualWorld } from './unusual-world';

/** Labels known in January and February, not yet in March. */
const DATES = ['2024-01-20', '2024-01-31', '2024-02-01', '2024-02-29', '2024-03-15'];
const RESTATED = '2024-01-31';
const ROWS = DATES.length * unusualUserIds.length;

type Row = Record<string, string | number | boolean | null>;

interface Table {
  readonly schema: Readonly<Record<string, { type: string; nullable?: boolean }>>;
  readonly rows: readonly Row[];
}

/** What one reader found: the whole store by hive discovery, and each of its files alone. */
interface Reading extends Table {
  readonly files?: readonly string[];
  readonly by_glob?: readonly string[];
  readonly in_february: number;
  readonly alone: Readonly<Record<string, Table>>;
}

const readers = ['pyarrow', 'pandas', 'polars'] as const;

/** How each reader calls the types of the columns, in the order of the file. */
const types: Record<(typeof readers)[number], Record<string, string>> = {
  pyarrow: typeNames(['string', 'timestamp[us, tz=UTC]', 'double', 'int32', 'bool', 'bool']),
  pandas: typeNames(['str', 'datetime64[us, UTC]', 'float64', 'int32', 'bool', 'object']),
  polars: typeNames([
    'String',
    "Datetime(time_unit='us', time_zone='UTC')",
    'Float64',
    'Int32',
    'Boolean',
    'Boolean',
  ]),
};

function typeNames([text, instant, double, integer, bool, label]: readonly string[]) {
  const byType = { float64: double!, int32: integer!, bool: bool! };
  return {
    user_id: text!,
    feature_time: instant!,
    ...Object.fromEntries(featureSet.features.map(({ name, type }) => [name, byType[type]])),
    label_churned_30d: label!,
    is_subscribed: bool!,
  };
}

const python = findPython();
const describeWithPython = 'missing' in python ? describe.skip : describe;
const name =
  'missing' in python
    ? `the offline store, read by Python (skipped: ${python.missing})`
    : 'the offline store, read by Python';
if ('missing' in python) process.stderr.write(`${name}\n`);

describeWithPython(name, () => {
  const scratch = createScratchDirectory();
  const store = dataPaths(scratch.path);
  let database: TestDatabase;
  let readings: Record<(typeof readers)[number], Reading>;
  /** By file: what DuckDB reads in it. */
  const expected = new Map<string, Row[]>();

  beforeAll(async () => {
    database = await createTestDatabase();
    await publish();
    const folder = (date: string) => partitionPaths(store, date);
    const files = [
      ...DATES.flatMap((date) => [folder(date).dayFile, folder(date).revisionFile(1)]),
      folder(RESTATED).revisionFile(2),
    ];
    const duckDb = await openTestDuckDb(scratch.path);
    for (const file of files) {
      // In the file's own order.
      const rows = await duckDb.rows<Row>(
        `SELECT * REPLACE (epoch_us(feature_time) AS feature_time) FROM ${readParquet([file])}`,
      );
      expected.set(path.relative(store.root, file), rows.map(asNumbers));
    }
    duckDb.close();
    readings = readInPython(store.root);
  }, 120_000);

  afterAll(async () => {
    await database.drop();
    scratch.remove();
  });

  async function publish(): Promise<void> {
    const duckDb = await openTestDuckDb(scratch.path);
    const segments = await writeRawLog(duckDb, scratch.path, unusualWorld());
    duckDb.close();
    const context = {
      ledger: createLedger(database),
      store,
      featureSet,
      segments,
      openDuckDb: () => openTestDuckDb(scratch.path),
    };
    const first = DATES.map((date) => requestOf(date, 91, 1));
    await computePartitions({ ...context, owner: 'first' }, first);
    const second = [requestOf(RESTATED, 96, 2)];
    const { outcomes } = await computePartitions({ ...context, owner: 'second' }, second);
    expect(outcomes).toMatchObject([{ status: 'published', revision: 2 }]);
  }

  const expectedDays = () => DATES.map((date) => dayName(date));

  describe.each(readers)('%s', (reader) => {
    it('finds all columns with their types, instants in UTC', () => {
      for (const { schema } of Object.values(readings[reader].alone)) {
        const found = Object.entries(schema).map(([column, { type }]) => [column, type]);
        // A column that holds nothing but booleans is no column of objects in pandas.
        const isBool = schema.label_churned_30d!.type === 'bool';
        const bool = isBool ? { label_churned_30d: 'bool' } : {};
        expect(found).toEqual(Object.entries({ ...types[reader], ...bool }));
      }
    });

    it('reads every value of every current file and every revision as DuckDB does', () => {
      const { alone } = readings[reader];
      expect(Object.keys(alone).sort()).toEqual([...expected.keys()].sort());
      for (const [file, rows] of expected) {
        expect(rows).toHaveLength(unusualUserIds.length);
        expect({ file, rows: alone[file]!.rows }).toEqual({ file, rows });
      }
    });

    it('finds year and month in the folders, and no revision, by hive discovery', () => {
      const { rows, in_february: inFebruary } = readings[reader];
      expect(rows).toHaveLength(ROWS);
      expect(inFebruary).toBe(2 * unusualUserIds.length);
      const byFile = expectedDays().flatMap((file) => {
        const month = Number(/month=(\d+)/.exec(file)![1]);
        return expected.get(file)!.map((row) => ({ ...row, year: 2024, month }));
      });
      const numbered = rows.map((row) => ({
        ...row,
        year: Number(row.year),
        month: Number(row.month),
      }));
      expect(numbered).toEqual(byFile);
    });
  });

  it('has in it what the comparison is about', () => {
    const rows = expectedDays().flatMap((file) => expected.get(file)!);
    const labels = new Set(rows.map((row) => row.label_churned_30d));
    expect(labels).toEqual(new Set([true, false, null]));
    expect(new Set(rows.map((row) => row.is_subscribed))).toEqual(new Set([true, false]));
    expect(new Set(rows.map((row) => row.user_id))).toEqual(new Set(unusualUserIds));
    for (const column of ['avg_sessions_7d', 'total_spend_90d']) {
      expect(rows.some((row) => !Number.isInteger(row[column]))).toBe(true);
    }
    const restated = partitionPaths(dataPaths(''), RESTATED);
    const revisions = [1, 2].map((revision) => expected.get(restated.revisionFile(revision)));
    expect(revisions[0]).not.toEqual(revisions[1]);
    expect(expected.get(dayName(RESTATED))).toEqual(revisions[1]);
  });

  it('has nulls in the label alone', () => {
    const nulls = expectedDays()
      .flatMap((file) => expected.get(file)!)
      .flatMap((row) => Object.keys(row).filter((column) => row[column] === null));
    expect(new Set(nulls)).toEqual(new Set(['label_churned_30d']));
  });

  it('is discovered by pyarrow, and found by a glob, as the current files alone', () => {
    expect(readings.pyarrow.files).toEqual(expectedDays());
    expect(readings.pandas.by_glob).toEqual(expectedDays());
  });
});

function dayName(date: string): string {
  return partitionPaths(dataPaths(''), date).dayFile;
}

function requestOf(date: string, day: number, batch: number): PartitionRequest {
  const at = formatInstant(midnightOf('2024-01-01') + BigInt(day) * MICROS_PER_DAY);
  const label = { at, batch, completeThrough: at };
  return { date, kind: 'latest', known: { at, batch }, label, reason: 'interop' };
}

function asNumbers(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      typeof value === 'bigint' ? Number(value) : value,
    ]),
  );
}

function readInPython(dataDir: string): Record<(typeof readers)[number], Reading> {
  if ('missing' in python) throw new Error(python.missing);
  const script = path.join(__dirname, 'read_store.py');
  const { status, stdout, stderr } = spawnSync(python.executable, ['-B', script, dataDir], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<(typeof readers)[number], Reading>;
}
