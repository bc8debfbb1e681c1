import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type ParquetJs from 'parquetjs-lite';
import { copyToParquet, openDuckDb, type DuckDb } from '../../packages/duckdb/open-duckdb';
import { THREADS } from '../world/with-installation';
import { formatCount, formatRate, secondsOf, type BenchOptions, type Row } from './measurement';

/** A partition's columns, with plausible values. */
const VECTORS = `SELECT 'u' || lpad(i::VARCHAR, 7, '0') AS user_id,
  make_timestamptz(1704067200000000) AS feature_time,
  (hash(i) % 20)::DOUBLE / 7 AS avg_sessions_7d, (hash(i + 1) % 60)::INTEGER AS sessions_30d,
  (hash(i + 2) % 40)::INTEGER AS days_since_last_login,
  (hash(i + 3) % 30 = 0)::INTEGER AS failed_payments_30d,
  (hash(i + 4) % 4 * 990)::DOUBLE / 100 AS total_spend_90d, hash(i + 5) % 3 = 0 AS is_pro_plan,
  CASE WHEN hash(i + 6) % 10 > 0 THEN hash(i + 7) % 20 = 0 END AS label_churned_30d,
  hash(i + 8) % 10 > 0 AS is_subscribed`;

/** One partition to one Parquet file: DuckDB against the writer that decision 0001 turned down. */
export async function measureEncode(options: BenchOptions): Promise<Row[]> {
  const { scratch, manyUsers: count, rounds, note } = options;
  const library = await import('parquetjs-lite').then(
    (module) => module.default,
    () => null,
  );
  const folder = path.join(scratch, 'encode');
  await mkdir(folder);
  const duckDb = await openDuckDb({
    allowedDirectories: [folder],
    scratchDirectory: folder,
    memoryMegabytes: 1_024,
    threads: THREADS,
  });
  try {
    await duckDb.run(`CREATE TABLE vectors AS ${VECTORS} FROM range(${count}) AS t(i)`);
    const rows = await readRows(duckDb);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      note(`encode: round ${round}`);
      const file = path.join(folder, 'duckdb.parquet');
      ours.push(await secondsOf(() => duckDb.run(copyToParquet('FROM vectors', file))));
      if (!library) continue;
      theirs.push(await secondsOf(() => writeRows(library, path.join(folder, 'js.parquet'), rows)));
    }
    return [rowOf(count, Math.min(...ours), library ? Math.min(...theirs) : null)];
  } finally {
    duckDb.close();
    await rm(folder, { recursive: true });
  }
}

type VectorRow = Readonly<Record<string, string | number | boolean | Date>>;

/** As the library takes them: instants as Date, absent values left out. */
async function readRows(duckDb: DuckDb): Promise<VectorRow[]> {
  const rows = await duckDb.rows<Record<string, string | number | boolean | null>>(
    'SELECT * EXCLUDE (feature_time) FROM vectors',
  );
  const feature_time = new Date(1_704_067_200_000);
  return rows.map((row) => {
    const present = Object.entries(row).filter(([, value]) => value !== null);
    return { ...(Object.fromEntries(present) as VectorRow), feature_time };
  });
}

/** GZIP: the library has no zstd. */
async function writeRows(
  { ParquetSchema, ParquetWriter }: typeof ParquetJs,
  file: string,
  rows: readonly VectorRow[],
): Promise<void> {
  const compression = 'GZIP';
  const schema = new ParquetSchema({
    user_id: { type: 'UTF8', compression },
    feature_time: { type: 'TIMESTAMP_MICROS', compression },
    avg_sessions_7d: { type: 'DOUBLE', compression },
    sessions_30d: { type: 'INT32', compression },
    days_since_last_login: { type: 'INT32', compression },
    failed_payments_30d: { type: 'INT32', compression },
    total_spend_90d: { type: 'DOUBLE', compression },
    is_pro_plan: { type: 'BOOLEAN', compression },
    label_churned_30d: { type: 'BOOLEAN', compression, optional: true },
    is_subscribed: { type: 'BOOLEAN', compression },
  });
  const writer = await ParquetWriter.openFile(schema, file);
  writer.setRowGroupSize(rows.length + 1);
  for (const row of rows) await writer.appendRow(row);
  await writer.close();
}

function rowOf(count: number, ours: number, theirs: number | null): Row {
  return {
    what: `encode one partition of ${formatCount(count)} vectors: parquetjs-lite`,
    ours: formatRate(count, ours),
    peer: theirs === null ? 'not run: parquetjs-lite is not installed' : formatRate(count, theirs),
    ratio: theirs === null ? '' : (theirs / ours).toFixed(1),
    budget: '',
    verdict: theirs === null ? 'not run' : '',
  };
}
