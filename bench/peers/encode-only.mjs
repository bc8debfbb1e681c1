/**
 * The floor of a backfill: writes finished partitions to Parquet again, with everything else done
 * before the clock starts. One in-memory table per day; as many days at once as there are threads.
 *
 *     node encode-only.mjs FEATURES_DIR OUT_DIR THREADS
 *
 * Prints {"seconds", "rows", "peak_rss_bytes"}.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [features, out, threads] = process.argv.slice(2);
const files = readdirSync(features, { recursive: true })
  .filter((file) => /^year=\d+\/month=\d+\/day=\d+\.parquet$/.test(file))
  .sort();
const instance = await DuckDBInstance.create(':memory:', { threads });
const main = await instance.connect();
let rows = 0;
for (const [index, file] of files.entries()) {
  const created = await main.runAndReadAll(
    `CREATE TABLE day_${index} AS FROM read_parquet('${path.join(features, file)}', hive_partitioning = false)`,
  );
  rows += Number(created.getRows()[0][0]);
}

const waiting = [...files.keys()];
const write = async () => {
  const connection = await instance.connect();
  for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
    const file = path.join(out, files[index].replaceAll('/', '-'));
    await connection.run(
      `COPY day_${index} TO '${file}' (FORMAT parquet, PARQUET_VERSION v1, DICTIONARY_SIZE_LIMIT 1000, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880, WRITE_BLOOM_FILTER false)`,
    );
  }
};
const started = performance.now();
await Promise.all(Array.from({ length: Number(threads) }, write));
const seconds = (performance.now() - started) / 1_000;
// As bench/backfill-once.ts measures it.
const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
process.stdout.write(`${JSON.stringify({ seconds, rows, peak_rss_bytes: peak })}\n`);
