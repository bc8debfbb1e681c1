/**
 * Writes the views `users`, `user_events`, `billing_events` and `plan_changes` that a mapping makes of
 * an export as Parquet files, ready for `npx churn import`:
 *
 *   node examples/exports/map-export.mjs MAPPING.sql EXPORT_FOLDER IMPORT_FOLDER
 *
 * File names in the mapping are those in EXPORT_FOLDER.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [mapping, exported, target, ...rest] = process.argv.slice(2);
if (!target || rest.length > 0) {
  console.error(
    'usage: node examples/exports/map-export.mjs MAPPING.sql EXPORT_FOLDER IMPORT_FOLDER',
  );
  process.exit(2);
}

const quote = (text) => `'${text.replaceAll("'", "''")}'`;
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const duckDb = await instance.connect();
await duckDb.run(`SET file_search_path = ${quote(path.resolve(exported))}; SET TimeZone = 'UTC'`);
await duckDb.run(readFileSync(mapping, 'utf8'));
mkdirSync(target, { recursive: true });
for (const table of ['users', 'plan_changes', 'user_events', 'billing_events']) {
  const found = await duckDb.runAndReadAll(
    `FROM duckdb_views() WHERE view_name = ${quote(table)} AND NOT internal`,
  );
  if (found.getRows().length === 0) continue;
  const file = path.join(target, `${table}.parquet`);
  await duckDb.run(`COPY (FROM ${table} ORDER BY ALL) TO ${quote(file)} (FORMAT parquet)`);
}
duckDb.closeSync();
instance.closeSync();
