import { mkdirSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { copyToParquet, type DuckDb } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import type { SegmentFiles } from '../../../packages/features/grid/compile-tiles';
import { featureSet, type FeatureSet } from '../../../packages/features/feature-set';
import type { RawTables } from '../../../packages/features/oracle';
import type { TimelineFiles } from '../../../packages/features/history/timelines';
import { latestArrival, writeTimelines } from '../../../packages/features/history/write-timelines';

type Table = Parameters<SegmentFiles>[0];

const tables: readonly Table[] = ['users', 'plan_changes', 'user_events', 'billing_events'];

const emptyRow: Record<Table, string> = {
  users: `'' AS user_id, make_timestamptz(0) AS signup_time, '' AS plan, NULL::VARCHAR AS country`,
  plan_changes: `'' AS change_id, '' AS user_id, '' AS plan, make_timestamptz(0) AS event_time`,
  user_events: `'' AS event_id, '' AS user_id, '' AS session_id, '' AS event_type, make_timestamptz(0) AS event_time`,
  billing_events: `'' AS event_id, '' AS user_id, '' AS event_type, 0::BIGINT AS amount_cents, 'USD' AS currency, make_timestamptz(0) AS event_time`,
};

/**
 * Writes raw tables as the raw log's segments (one per batch and table; of batch 1 always) and says
 * where they are.
 */
export async function writeRawLog(
  duckDb: DuckDb,
  directory: string,
  raw: RawTables,
): Promise<SegmentFiles> {
  const batches = [
    ...new Set([
      1,
      ...Object.values(raw)
        .flat()
        .map((row) => row.batch),
    ]),
  ].sort((a, b) => a - b);
  for (const batch of batches) {
    mkdirSync(segmentDirectory(directory, batch), { recursive: true });
    for (const table of tables) {
      const file = path.join(segmentDirectory(directory, batch), `${table}.parquet`);
      await duckDb.run(copyToParquet(rowsAsSql(raw, table, batch), file, 'log'));
    }
  }
  return (table, throughBatch) =>
    batches
      .filter((batch) => batch <= throughBatch)
      .map((batch) => path.join(segmentDirectory(directory, batch), `${table}.parquet`));
}

/** Writes the timelines of a raw log's batches, as the product does. */
export async function writeTestTimelines(
  duckDb: DuckDb,
  segments: SegmentFiles,
  { features = featureSet, batch = Number.MAX_SAFE_INTEGER, ...sizes }: TestTimelines = {},
): Promise<TimelineFiles> {
  const [ofUsers] = segments('users', batch);
  const folder = mkdtempSync(path.join(path.dirname(path.dirname(ofUsers!)), 'timelines-'));
  const fileOf = (part: number) => path.join(folder, `${part}.lists`);
  const options = { featureSet: features, segments, batch };
  const lastArrival = await latestArrival(duckDb, options);
  return writeTimelines(duckDb, { ...options, lastArrival, fileOf, ...sizes });
}

interface TestTimelines {
  readonly features?: FeatureSet;
  readonly batch?: number;
  readonly part?: { readonly users: number; readonly values: number };
  readonly rowsPerPass?: number;
}

function segmentDirectory(directory: string, batch: number): string {
  return path.join(directory, 'raw_log', `batch=${String(batch).padStart(6, '0')}`);
}

function rowsAsSql(raw: RawTables, table: Table, batch: number): string {
  const arrival = (row: { ingestedAt: bigint }) =>
    `make_timestamptz(${row.ingestedAt}) AS ingested_at, ${batch} AS batch`;
  const time = table === 'users' ? 'signup_time' : 'event_time';
  const selects = rowsOf(raw, table)
    .filter((row) => row.batch === batch)
    .map(
      (row, index) => `SELECT ${columnsAsSql(table, row, `e${batch}-${index}`)}, ${arrival(row)}`,
    );
  const none = `SELECT ${emptyRow[table]}, make_timestamptz(0) AS ingested_at, 0 AS batch WHERE false`;
  return `FROM (${[none, ...selects].join(' UNION ALL ')}) ORDER BY user_id, ${time}`;
}

type AnyRow = Record<string, unknown> & { ingestedAt: bigint; batch: number };

function rowsOf(raw: RawTables, table: Table): AnyRow[] {
  const rows = {
    users: raw.users,
    plan_changes: raw.planChanges,
    user_events: raw.userEvents,
    billing_events: raw.billingEvents,
  }[table];
  return rows as unknown as AnyRow[];
}

function columnsAsSql(table: Table, row: AnyRow, eventId: string): string {
  const text = (name: string, value: unknown) => `${quoteLiteral(String(value))} AS ${name}`;
  const time = (name: string, value: unknown) => `make_timestamptz(${String(value)}) AS ${name}`;
  switch (table) {
    case 'users':
      return [
        text('user_id', row.userId),
        time('signup_time', row.signupTime),
        text('plan', row.plan),
        'NULL AS country',
      ].join();
    case 'plan_changes':
      return [
        text('change_id', row.changeId),
        text('user_id', row.userId),
        text('plan', row.plan),
        time('event_time', row.eventTime),
      ].join();
    case 'user_events':
      return [
        text('event_id', eventId),
        text('user_id', row.userId),
        text('session_id', row.sessionId),
        text('event_type', row.eventType),
        time('event_time', row.eventTime),
      ].join();
    case 'billing_events':
      return [
        text('event_id', eventId),
        text('user_id', row.userId),
        text('event_type', row.eventType),
        `${String(row.amountCents)} AS amount_cents`,
        `'USD' AS currency`,
        time('event_time', row.eventTime),
      ].join();
  }
}
