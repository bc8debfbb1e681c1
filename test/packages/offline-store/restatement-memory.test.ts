import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { copyToParquet, openDuckDb, type DuckDb } from '../../../packages/duckdb/open-duckdb';
import type { Segments } from '../../../packages/features/segments';
import { featureSet } from '../../../packages/features/feature-set';
import { formatInstant, MICROS_PER_DAY } from '../../../packages/instants/epoch-micros';
import { addDays, datesBetween, midnightOf } from '../../../packages/instants/logical-date';
import { findRestatements } from '../../../packages/offline-store/restatement/find-restatements';
import type { LedgerRow } from '../../../packages/offline-store/ledger';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { testManifest } from '../contracts/test-manifest';

type RawTable = Parameters<Segments>[0];

const DAYS = 400;
const USERS = 500;
const LATE_ROWS = 40_000;
const START = '2024-01-01';
const start = midnightOf(START);
const known = formatInstant(start + BigInt(DAYS) * MICROS_PER_DAY);
const now = formatInstant(start + BigInt(DAYS + 1) * MICROS_PER_DAY);

/**
 * A twentieth of the memory that there is by default. To remember, for each day, the ids of the rows
 * that touch it takes more.
 */
const MEMORY_MEGABYTES = 48;

describe.each([8, 36, 128])('looking for what late rows touch, with ids of %i bytes', (bytes) => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openDuckDb({
      allowedDirectories: [scratch.path],
      scratchDirectory: path.join(scratch.path, 'scratch'),
      memoryMegabytes: MEMORY_MEGABYTES,
      threads: 2,
    });
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it('needs memory for rows, not for rows times days', async () => {
    const segments = await writeSegments(duckDb, scratch.path, bytes);
    const rows = datesBetween(START, addDays(START, DAYS - 1)).map(publishedOn);
    const present = { at: now, batch: 2, completeThrough: now };
    const options = { duckDb, rows, owner: 'the run', present, featureSet, segments };
    const { requests } = await findRestatements(options);
    // A failed charge counts for 30 days: the last day sees those of the last 30.
    const counts = new Map(requests.map(({ date, reason }) => [date, reason]));
    const rowsPerDay = LATE_ROWS / DAYS;
    expect(counts.get(addDays(START, 10))).toBe(
      `late data: ${10 * rowsPerDay} rows in batches 2–2`,
    );
    expect(counts.get(addDays(START, DAYS - 1))).toBe(
      `late data: ${30 * rowsPerDay} rows in batches 2–2`,
    );
  });
});

/** Batch 1 has users; batch 2 as many charges every day, each at noon. */
async function writeSegments(duckDb: DuckDb, folder: string, bytes: number): Promise<Segments> {
  const id = (kind: string, number: string) =>
    `rpad('${kind}' || lpad((${number})::VARCHAR, 6, '0'), ${bytes}, 'x')`;
  const user = `${id('u', `i % ${USERS}`)} AS user_id`;
  const at = `make_timestamptz(${start} + (i % ${DAYS}) * ${MICROS_PER_DAY} + ${MICROS_PER_DAY / 2n})`;
  const arrived = (batch: number) => `make_timestamptz(${start}) AS ingested_at, ${batch} AS batch`;
  const tables: Record<RawTable, (batch: number, rows: number) => string> = {
    users: (batch, rows) => `SELECT ${user}, make_timestamptz(${start}) AS signup_time,
      'free' AS plan, 'DE' AS country, ${arrived(batch)} FROM range(${USERS - rows}) AS t(i)`,
    user_events: (batch) => `SELECT ${id('e', 'i')} AS event_id, ${user}, 's' AS session_id,
      'login' AS event_type, ${at} AS event_time, ${arrived(batch)} FROM range(0) AS t(i)`,
    billing_events: (batch, rows) => `SELECT ${id('b', 'i')} AS event_id, ${user},
      'charge_failed' AS event_type, 100::BIGINT AS amount_cents, 'USD' AS currency,
      ${at} AS event_time, ${arrived(batch)} FROM range(${rows}) AS t(i)`,
    plan_changes: (batch) => `SELECT ${id('c', 'i')} AS change_id, ${user}, 'pro' AS plan,
      ${at} AS event_time, ${arrived(batch)} FROM range(0) AS t(i)`,
  };
  const fileOf = (table: RawTable, batch: number) =>
    path.join(folder, `batch-${batch}`, `${table}.parquet`);
  for (const [batch, rows] of [
    [1, 0],
    [2, LATE_ROWS],
  ] as const) {
    mkdirSync(path.dirname(fileOf('users', batch)));
    for (const [table, select] of Object.entries(tables) as [RawTable, typeof tables.users][]) {
      const query = `${select(batch, table === 'users' && batch === 2 ? USERS : rows)} ORDER BY user_id`;
      await duckDb.run(copyToParquet(query, fileOf(table, batch), 'log'));
    }
  }
  return (table, batch) =>
    [1, 2]
      .filter((each) => each <= batch)
      .map((each) => ({ file: fileOf(table, each), firstBatch: each, lastBatch: each }));
}

function publishedOn(date: string): LedgerRow {
  return {
    date,
    status: 'succeeded',
    isExpired: false,
    claimedBy: null,
    manifest: testManifest(date, { known_at: known, label_known_at: known, label_mature: true }),
    checkedThroughBatch: null,
    checkedKnownAt: null,
  } as LedgerRow;
}
