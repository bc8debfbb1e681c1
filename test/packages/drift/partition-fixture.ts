import path from 'node:path';
import type { PublishedPartition } from '../../../packages/contracts/partitions';
import { copyToParquet } from '../../../packages/duckdb/open-duckdb';
import { featureSet } from '../../../packages/features/feature-set';
import { testManifest } from '../contracts/test-manifest';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

/** SQL expressions over `i` (0 … users − 1) and `r`, pseudo-random in [0, 1). */
export type ColumnSql = Readonly<Record<string, string>>;

const ordinary: ColumnSql = {
  avg_sessions_7d: 'floor(r * 40) / 7.0',
  sessions_30d: 'CASE WHEN i % 10 = 0 THEN 0 ELSE 1 + floor(r * r * 60) END',
  days_since_last_login: 'floor(r * 20)',
  failed_payments_30d: 'CASE WHEN r > 0.9 THEN 1 ELSE 0 END',
  total_spend_90d: 'round(r * 200, 2)',
  is_pro_plan: 'i % 3 = 0',
  label_churned_30d: 'NULL',
  is_subscribed: 'true',
};

/** As a partition's files and manifests were before there was a state. */
export const beforeState = { sql: { is_subscribed: 'absent' }, definitionHashes: {} } as const;

/** Writes a partition of pseudo-random users; `sql` replaces columns, `seed` is the day's luck. */
export async function writePartition(
  directory: string,
  options: {
    date: string;
    users: number;
    seed: number;
    sql?: ColumnSql;
    more?: string;
    schemaHash?: string;
    definitionHashes?: Readonly<Record<string, string>>;
    labelMature?: boolean;
  },
): Promise<PublishedPartition> {
  const file = path.join(directory, `${options.date}-${options.seed}-${options.users}.parquet`);
  const sql = { ...ordinary, ...options.sql };
  const columns = featureSet.columns.slice(2).flatMap(({ name, type }) => {
    const expression = sql[name] ?? (type === 'BOOLEAN' ? 'i % 2 = 0' : 'floor(r * 10)');
    if (expression === 'absent') return [];
    const typed = expression.includes('::') ? expression : `(${expression})::${type}`;
    return [`${typed} AS ${name}`];
  });
  const query = `SELECT 'u' || lpad(i::VARCHAR, 7, '0') AS user_id,
      TIMESTAMPTZ '${options.date} 00:00:00Z' AS feature_time, ${columns.join(', ')}${options.more ?? ''}
    FROM (SELECT i, (hash(i * 31 + ${options.seed} * 7919) % 1000000) / 1000000.0 AS r
      FROM range(${options.users}) AS t(i)) ORDER BY user_id`;
  const duckDb = await openTestDuckDb(directory);
  await duckDb.run(copyToParquet(query, file));
  duckDb.close();
  const manifest = testManifest(options.date, {
    label_mature: options.labelMature ?? false,
    rows: options.users,
    schema_hash: options.schemaHash ?? featureSet.schemaHash,
    definition_hashes: options.definitionHashes ?? featureSet.definitionHashes,
  });
  return { path: file, manifest };
}
