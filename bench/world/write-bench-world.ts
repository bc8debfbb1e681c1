import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { copyToParquet, openDuckDb, readParquet } from '../../packages/duckdb/open-duckdb';
import { MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import { midnightOf, type LogicalDate } from '../../packages/instants/logical-date';
import {
  mayHaveAttributes,
  rawTableNames,
  type PerTable,
  type TableWithAttributes,
} from '../../packages/raw-data/raw-tables';
import { idSql, type IdShape } from './id-sql';

/** Everything a world is a pure function of. */
export interface BenchWorld {
  readonly users: number;
  readonly days: number;
  /** Its first midnight; half of the users signed up in the 90 days before it. */
  readonly start: LogicalDate;
  readonly seed: number;
  readonly ids: IdShape;
}

/** How users are named. */
export const userIds = { kind: 'u', digits: 7 };

const DAY = MICROS_PER_DAY.toString();
const HISTORY = `90 * ${DAY}`;
const SESSIONS_MAX = 995;

/**
 * Writes a world as the raw log has a batch: `users.parquet`, … with the columns and the order of
 * its segments. 50,000 users × 365 days are 20.8 million user events, and one in fifty arrives up
 * to five days late. Every draw is an MD5 of seed, purpose and row: the same world everywhere, and
 * whatever DuckDB's own hash becomes.
 *
 * @param folder  Made when it is not there.
 * @param scratch  Where sorts may spill.
 * @returns Rows per table.
 */
export async function writeBenchWorld(
  world: BenchWorld,
  { folder, scratch }: { folder: string; scratch: string },
): Promise<PerTable<number>> {
  await mkdir(folder, { recursive: true });
  await mkdir(scratch, { recursive: true });
  const duckDb = await openDuckDb({
    allowedDirectories: [folder, scratch],
    scratchDirectory: scratch,
    memoryMegabytes: 4_096,
    threads: 2,
  });
  try {
    const draws = drawsOf(world);
    await duckDb.run(draws.users);
    await duckDb.run(draws.sessions);
    const counts: Partial<PerTable<number>> = { user_attributes: 0 };
    for (const table of rawTableNames.filter(mayHaveAttributes)) {
      const file = path.join(folder, `${table}.parquet`);
      await duckDb.run(copyToParquet(draws.rows[table], file, 'log'));
      const [row] = await duckDb.rows<{ n: bigint }>(
        `SELECT count(*) AS n FROM ${readParquet([file])}`,
      );
      counts[table] = Number(row!.n);
    }
    return counts as PerTable<number>;
  } finally {
    duckDb.close();
  }
}

/** SQL: an instant with the arrival of a row that is on time, one second later. */
function times(column: string, micros: string): string {
  return `make_timestamptz((${micros})::BIGINT) AS ${column},
    make_timestamptz((${micros})::BIGINT + 1000000) AS ingested_at`;
}

function drawsOf({ users, days, start, seed, ids }: BenchWorld) {
  const first = midnightOf(start).toString();
  const end = (midnightOf(start) + BigInt(days) * MICROS_PER_DAY).toString();
  /** Uniform in [0, 1). */
  const draw = (row: string, purpose: string) =>
    `(md5_number_lower('${seed}:${purpose}:' || (${row})::VARCHAR) / 18446744073709551616.0)`;
  const session = `i * ${SESSIONS_MAX + 5} + k`;
  const eventTime = 't + j * 137000019';
  const eventArrival = `${eventTime} + 1000000 + CASE WHEN ${draw('sid * 8 + j', 'is late')} < 0.02
    THEN ${draw('sid * 8 + j', 'how late')} * 5 * ${DAY} ELSE 0 END`;
  const chargeTime = `signup + k * 30 * ${DAY}`;
  const changeTime = `signup + 40 * ${DAY} + ${draw('i', 'change time')} * 100 * ${DAY}`;
  const billingType = draw('i * 100 + k', 'billing type');
  return {
    users: `CREATE TEMP TABLE members AS SELECT i, ${idSql(ids, 'i', userIds)} AS user_id,
      (CASE WHEN ${draw('i', 'is old')} < 0.5 THEN ${first} - ${draw('i', 'signup')} * ${HISTORY}
        ELSE ${first} + ${draw('i', 'signup')} * ${days} * ${DAY} END)::BIGINT AS signup,
      CASE WHEN ${draw('i', 'plan')} < 0.3 THEN 'pro' ELSE 'free' END AS plan,
      0.3 + 4.4 * ${draw('i', 'rate')} * ${draw('i', 'zeal')} AS rate
      FROM range(${users}) AS t(i)`,
    sessions: `CREATE TEMP TABLE sessions AS SELECT user_id, ${session} AS sid,
      (signup + (${end} - signup) * ${draw(session, 'session time')})::BIGINT AS t,
      1 + (${draw(session, 'session length')} * 6)::INTEGER AS n
      FROM members,
        range(0, least(${SESSIONS_MAX}, ceil(rate * 0.25 * (${end} - signup) / ${DAY})::INTEGER)) AS r(k)`,
    rows: {
      users: `SELECT user_id, make_timestamptz(signup) AS signup_time, plan, 'US' AS country,
        make_timestamptz(signup + 1000000) AS ingested_at, 1::INTEGER AS batch
        FROM members ORDER BY user_id`,
      plan_changes: `SELECT ${idSql(ids, 'i', { kind: 'c', digits: 9 })} AS change_id, user_id,
        CASE WHEN plan = 'pro' THEN 'free' ELSE 'pro' END AS plan,
        ${times('event_time', changeTime)}, 1::INTEGER AS batch
        FROM members WHERE ${draw('i', 'changes plan')} < 0.4 AND signup + 140 * ${DAY} < ${end}
        ORDER BY user_id, event_time, change_id`,
      user_events: `SELECT ${idSql(ids, 'sid * 8 + j', { kind: 'e', digits: 12 })} AS event_id, user_id,
        ${idSql(ids, 'sid', { kind: 's', digits: 11 })} AS session_id,
        CASE WHEN j = 0 THEN 'login' WHEN j % 2 = 1 THEN 'page_view' ELSE 'click' END AS event_type,
        make_timestamptz(${eventTime}) AS event_time,
        make_timestamptz((${eventArrival})::BIGINT) AS ingested_at, 1::INTEGER AS batch
        FROM sessions, range(0, n) AS r(j) WHERE ${eventTime} < ${end}
        ORDER BY user_id, event_time, event_id`,
      billing_events: `SELECT ${idSql(ids, 'i * 100 + k', { kind: 'b', digits: 12 })} AS event_id, user_id,
        CASE WHEN ${billingType} < 0.06 THEN 'charge_failed'
          WHEN ${billingType} < 0.065 THEN 'subscription_cancelled' ELSE 'charge_succeeded' END AS event_type,
        (990 + 1000 * (i % 3))::BIGINT AS amount_cents, 'USD' AS currency,
        ${times('event_time', chargeTime)}, 1::INTEGER AS batch
        FROM members, range(0, ${Math.ceil((days + 90) / 30)}) AS r(k) WHERE ${chargeTime} < ${end}
        ORDER BY user_id, event_time, event_id`,
    } satisfies Record<TableWithAttributes, string>,
  };
}
