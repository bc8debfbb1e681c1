import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PublishedPartition } from '../../../packages/contracts/partitions';
import { copyToParquet } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { testManifest } from '../contracts/test-manifest';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

export interface FixtureRow {
  readonly userId: string;
  readonly averageSessions?: number;
  readonly sessions?: number;
  readonly spend?: number;
  readonly isPro?: boolean;
  readonly isSubscribed?: boolean;
}

/** Of the state, in manifests; those of before there was a state have none. */
export const stateDefinitionHash = 'abcdef0123456789'.repeat(4);

const columns = (source: string) => `
  SELECT user_id, feature_time::TIMESTAMPTZ AS feature_time, avg_sessions_7d::DOUBLE AS avg_sessions_7d,
    sessions_30d::INTEGER AS sessions_30d, 3::INTEGER AS days_since_last_login,
    0::INTEGER AS failed_payments_30d, total_spend_90d::DOUBLE AS total_spend_90d,
    is_pro_plan::BOOLEAN AS is_pro_plan, NULL::BOOLEAN AS label_churned_30d,
    is_subscribed::BOOLEAN AS is_subscribed
  FROM (${source}) ORDER BY user_id`;

interface PartitionOptions {
  readonly date: string;
  readonly revision: number;
  /** As partitions were before there was a state. */
  readonly isBeforeState?: boolean;
}

/** Writes a partition with its manifest, as the offline store publishes them. */
export async function writePartition(
  directory: string,
  options: PartitionOptions & { rows: readonly FixtureRow[] },
): Promise<PublishedPartition> {
  const values = options.rows.map(
    (row) =>
      `(${quoteLiteral(row.userId)}, ${row.averageSessions ?? 0.5}::DOUBLE, ${row.sessions ?? 4}, ${row.spend ?? 12.34}::DOUBLE, ${row.isPro ?? false}, ${row.isSubscribed ?? true})`,
  );
  const source = `SELECT *, '${options.date}T00:00:00Z' AS feature_time
    FROM (VALUES ${values.join(', ')}) AS t(user_id, avg_sessions_7d, sessions_30d, total_spend_90d, is_pro_plan, is_subscribed)`;
  return writeQuery(directory, { ...options, source, rows: options.rows.length });
}

/** Ids of 8 and 128 bytes and of characters of several bytes, by turns. */
const userId = `CASE i % 3 WHEN 0 THEN 'u' || lpad(i::VARCHAR, 7, '0')
  WHEN 1 THEN rpad('u' || lpad(i::VARCHAR, 7, '0') || '-', 128, 'x') ELSE '顧客-😀-' || i END`;

/** A partition of so many users; `shift` changes their values. */
export async function writeLargePartition(
  directory: string,
  options: PartitionOptions & { users: number; shift?: number },
): Promise<PublishedPartition> {
  const shift = options.shift ?? 0;
  const source = `SELECT ${userId} AS user_id, ((i + ${shift}) % 50) / 7.0 AS avg_sessions_7d,
    (i + ${shift}) % 90 AS sessions_30d, (hash(i + ${shift}) % 100000) / 100.0 AS total_spend_90d,
    i % 2 = 0 AS is_pro_plan, i % 7 > 0 AS is_subscribed, '${options.date}T00:00:00Z' AS feature_time FROM range(${options.users}) AS t(i)`;
  return writeQuery(directory, { ...options, source, rows: options.users });
}

async function writeQuery(
  directory: string,
  options: PartitionOptions & { source: string; rows: number },
): Promise<PublishedPartition> {
  const file = path.join(directory, `${options.date}-rev${options.revision}.parquet`);
  const duckDb = await openTestDuckDb(directory);
  const query = columns(options.source);
  const { isBeforeState = false } = options;
  const withoutState = `SELECT * EXCLUDE (is_subscribed) FROM (${query})`;
  await duckDb.run(copyToParquet(isBeforeState ? withoutState : query, file));
  duckDb.close();
  const bytes = readFileSync(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { date, revision, rows } = options;
  return {
    path: file,
    manifest: testManifest(date, {
      revision,
      rows,
      bytes: bytes.length,
      sha256,
      definition_hashes: isBeforeState ? {} : { is_subscribed: stateDefinitionHash },
    }),
  };
}
