import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { readParquet } from '../../../packages/duckdb';
import { featureSet } from '../../../packages/features/feature-set';
import { formatInstant, parseInstant } from '../../../packages/instants/epoch-micros';
import { midnightOf } from '../../../packages/instants/logical-date';
import { auditPartitions } from '../../../packages/offline-store/audit-partitions';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import { createLedger } from '../../../packages/offline-store/ledger';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import type { PartitionRequest } from '../../../packages/offline-store/partition-request';
import { auditRawLog } from '../../../packages/raw-data/log/audit-raw-log';
import { syncRawLog } from '../../../packages/raw-data/log/raw-log';
import { storedPropertiesSql } from '../../../packages/raw-data/properties/stored-properties-sql';
import { rawTableNames, rawTables, type RawTable } from '../../../packages/raw-data/raw-tables';
import { reportFigure } from '../../acceptance/report-figure';
import { openTestDuckDb } from '../../packages/duckdb/open-test-duckdb';
import {
  createRawDataFixture,
  type RawDataFixture,
} from '../../packages/raw-data/raw-data-fixture';
import { naiveVector } from '../../support/oracle';
import { asRawTables, expectedLoads, type ExpectedLoads } from './expected-loads';
import type { MutatedFile } from './mutated-file';
import { describeWithPython, runPython } from './run-python';
import { isDeep } from '../../environment/depth';
/** Folders that load rows. */
const LOADS = isDeep ? 500 : 25;
const NOW = parseInstant('2100-01-01');
const DATES = ['2024-03-01', '2024-06-01'];

describeWithPython('mutated files that are loaded one after the other', () => {
  let fixture: RawDataFixture;
  let expected: ExpectedLoads;
  let rawLogDir: string;
  const started = performance.now();

  beforeAll(async () => {
    fixture = await createRawDataFixture();
    rawLogDir = path.join(fixture.folder, 'raw_log');
    const folder = path.join(fixture.folder, 'files');
    mkdirSync(folder);
    const files = runPython<Record<string, MutatedFile>>(
      'make_fuzz.py',
      folder,
      ...['loaded files', 0, 4 * LOADS, NOW].map(String),
    );
    const loading = Object.values(files).filter(loadsRows).slice(0, LOADS);
    expect(loading).toHaveLength(LOADS);
    for (const { folder: source } of loading) {
      await fixture.load({}, { folder: source, now: () => NOW });
    }
    expected = expectedLoads(loading.map(rowsOfFile));
  }, 30 * 60_000);

  afterAll(() => fixture.remove());

  /**
   * Whether rows that the reader accepts are of known users, who come along. Of a Parquet file whose
   * bytes are damaged nobody can say the rows (docs/LIMITATIONS.md).
   */
  function loadsRows({ table, damaged, found }: MutatedFile): boolean {
    if (damaged) return false;
    return 'rows' in found && (table !== 'users' || found.rows.some((row) => 'values' in row));
  }

  function rowsOfFile({ table, found, users = [] }: MutatedFile) {
    const rows = 'rows' in found ? found.rows : [];
    return { users, [table]: rows };
  }

  it('leave in Postgres exactly the rows that the independent reader finds valid', async () => {
    for (const table of rawTableNames) {
      const want = [...expected.rows[table]].map(([id, { values, batch }]) => [
        id,
        { ...values, batch: String(batch) },
      ]);
      expect(Object.fromEntries(await rowsInPostgres(table))).toEqual(Object.fromEntries(want));
    }
  });

  it('leave the others as rejected, each with its reason', async () => {
    const rows = await fixture.database.sql<{ said: string }[]>`
      SELECT concat_ws(' ', batch, table_name, "row", reason) AS said FROM raw_data.rejected_rows`;
    expect(rows.map(({ said }) => said).sort()).toEqual(expected.rejected);
  });

  it('have a raw log that is equal, and partitions with the features that the rows come to', async () => {
    const rawLog = await syncRawLog({ ...fixture, rawLogDir });
    const count = rawTableNames.reduce((sum, table) => sum + expected.rows[table].size, 0);
    expect(await auditRawLog({ ...fixture, rawLogDir })).toMatchObject({
      equal: count,
      missing: 0,
      extra: 0,
      mismatched: 0,
      not_comparable: 0,
    });
    const context = {
      ledger: createLedger(fixture.database),
      store: dataPaths(fixture.folder),
      featureSet,
      segments: (table: RawTable, batch: number) => rawLog.segments(table, batch),
      openDuckDb: () => openTestDuckDb(fixture.folder),
      owner: 'fuzz',
    };
    await computePartitions(
      context,
      DATES.map((date) => requestOf(date, rawLog.lastBatch)),
    );
    const tables = asRawTables(expected);
    for (const date of DATES) {
      const file = partitionPaths(context.store, date).dayFile;
      const want = oracleRows(tables, date, rawLog.lastBatch);
      expect(want.length).toBeGreaterThan(LOADS);
      expect(await rowsOfPartition(file)).toEqual(want);
    }
    const { scratchDir } = fixture;
    const audited = await auditPartitions({ ...context, scratchDir, lastBatch: rawLog.lastBatch });
    expect(audited).toMatchObject({ equal: DATES.length, missing: 0, extra: 0, mismatched: 0 });
    if (isDeep) {
      const seconds = (performance.now() - started) / 1_000;
      reportFigure('Mutated files through Postgres, log, partition, audit (loads)', LOADS, seconds);
    }
  });

  async function rowsInPostgres(table: RawTable) {
    const { columns, key, timeColumn } = rawTables[table];
    const micros = (name: string) =>
      `(extract(epoch FROM ${name}) * 1000000)::bigint::text AS ${name}`;
    const names = columns.map(({ name, kind }) => {
      if (kind === 'properties') return `${storedPropertiesSql(name)} AS ${name}`;
      return name === timeColumn ? micros(name) : `${name}::text`;
    });
    const rows = await fixture.database.sql.unsafe<Record<string, string | null>[]>(
      `SELECT ${names.join(', ')}, ${micros('ingested_at')}, batch::text FROM raw_data.${table}`,
    );
    return rows.map((row) => [row[key]!, { ...row }] as const);
  }

  async function rowsOfPartition(file: string) {
    const duckDb = await openTestDuckDb(fixture.folder);
    return duckDb.rows(
      `SELECT * EXCLUDE (feature_time) FROM ${readParquet([file])} ORDER BY encode(user_id)`,
    );
  }

  function oracleRows(tables: ReturnType<typeof asRawTables>, date: string, batch: number) {
    const at = midnightOf(date);
    const known = { knownAt: NOW, labelKnownAt: NOW, batch, labelBatch: batch };
    const question = { at, completeThrough: NOW, ...known };
    const rows = tables.users.flatMap(({ userId }) => {
      const answer = naiveVector(featureSet, tables, { ...question, userId });
      if (!answer) return [];
      const { features, label, state } = answer;
      const ends = { [featureSet.label.name]: label, [featureSet.state.name]: state };
      return [{ user_id: userId, ...features, ...ends }];
    });
    return rows.sort((a, b) => Buffer.compare(Buffer.from(a.user_id), Buffer.from(b.user_id)));
  }
});

function requestOf(date: string, batch: number): PartitionRequest {
  const at = formatInstant(NOW);
  const label = { at, batch, completeThrough: at };
  return { date, kind: 'latest', known: { at, batch }, label, reason: 'fuzz' };
}
