/**
 * What somebody would write by hand for one backfill at latest knowledge, and tune: no ledger, no
 * knowledge, no manifests, no fsync. One scan of the events ends in one row per session (days, not
 * microseconds: at midnights a whole day is all that matters); then the features of all users are a
 * state table that each day moves on by what begins and ends on it. As many parts of the range are
 * worked on side by side as there are threads.
 *
 *     node duckdb-script.mjs LOG_DIR OUT_DIR FIRST_DAY DAYS COMPLETE_THROUGH_DAY THREADS
 *
 * Days are numbers since 1970. Prints {"seconds", "rows", "peak_rss_bytes"}.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [log, out, ...numbers] = process.argv.slice(2);
const [first, days, completeThrough, threads] = numbers.map(Number);
const last = first + days - 1;
const DAY = 86_400_000_000;
/** The first midnight at or after an instant. */
const dayOf = (column) => `((epoch_us(${column}) + ${DAY - 1}) // ${DAY})::SMALLINT`;
const table = (name) => `read_parquet('${path.join(log, `${name}.parquet`)}')`;

const started = performance.now();
const instance = await DuckDBInstance.create(':memory:', {
  threads: String(threads),
  memory_limit: '4GB',
});
const main = await instance.connect();
await main.run(`SET TimeZone = 'UTC'`);
// Small row groups: a day's rows are found by their min and max.
await main.run(`ATTACH ':memory:' AS days (ROW_GROUP_SIZE 16384)`);

await main.run(`CREATE TABLE users AS
  SELECT (row_number() OVER (ORDER BY user_id) - 1)::INTEGER AS uid, user_id,
    ${dayOf('signup_time')} AS since, (plan = 'pro')::INTEGER AS pro
  FROM ${table('users')} ORDER BY uid`);

await main.run(`CREATE TABLE days.sessions AS
  SELECT uid, a, b, login_a, login_b, session_id FROM (
    SELECT user_id, session_id, min(d) AS a, max(d) AS b,
      min(d) FILTER (is_login) AS login_a, max(d) FILTER (is_login) AS login_b
    FROM (SELECT user_id, session_id, ${dayOf('event_time')} AS d, event_type = 'login' AS is_login
      FROM ${table('user_events')})
    GROUP BY user_id, session_id
  ) JOIN users USING (user_id) ORDER BY a`);

// Sessions of more than two days, if any, have gaps between their days: their pieces one by one.
await main.run(`CREATE TABLE days.changes AS
  WITH pieces AS (
    SELECT uid, d, is_login, lag(d) OVER (PARTITION BY uid, session_id ORDER BY d) AS p FROM (
      SELECT uid, session_id, ${dayOf('event_time')} AS d, bool_or(event_type = 'login') AS is_login
      FROM ${table('user_events')} JOIN users USING (user_id)
        JOIN (SELECT uid, session_id FROM days.sessions WHERE b - a > 1) USING (uid, session_id)
      WHERE session_id IN (SELECT session_id FROM days.sessions WHERE b - a > 1)
      GROUP BY ALL)
  ), billing AS (
    SELECT uid, ${dayOf('event_time')} AS d, event_type, amount_cents
    FROM ${table('billing_events')} JOIN users USING (user_id)
  ), billing_times AS (
    SELECT uid, event_time, event_type FROM ${table('billing_events')} JOIN users USING (user_id)
  ), returns AS (
    SELECT uid, event_time AS t, INTERVAL 0 DAY AS after FROM ${table('plan_changes')} JOIN users USING (user_id)
    UNION ALL SELECT uid, event_time, INTERVAL 0 DAY FROM billing_times WHERE event_type = 'subscription_started'
    UNION ALL SELECT uid, event_time, INTERVAL 3 DAY FROM billing_times WHERE event_type = 'charge_succeeded'
  ), gone AS (
    SELECT uid, ${dayOf('t')} AS a, ${dayOf('least(back, again)')} AS b FROM (
      SELECT uid, t, lead(t) OVER (PARTITION BY uid ORDER BY t) AS again, back FROM (
        SELECT c.uid, c.t, min(r.t) AS back
        FROM (SELECT uid, event_time AS t FROM billing_times WHERE event_type = 'subscription_cancelled') c
          LEFT JOIN returns r ON r.uid = c.uid AND r.t > c.t + r.after GROUP BY ALL))
  ), changes(uid, k, s7, s30, active, login, failed, cents, cancelled, plan, gone) AS (
    SELECT uid, greatest(d, coalesce(p + 7, d)), 1, 0, 0, 0, 0, 0, 0, 0, 0 FROM pieces
    UNION ALL SELECT uid, d + 7, -1, 0, 0, 0, 0, 0, 0, 0, 0 FROM pieces
    UNION ALL SELECT uid, greatest(d, coalesce(p + 30, d)), 0, 1, 0, 0, 0, 0, 0, 0, 0 FROM pieces
    UNION ALL SELECT uid, d + 30, 0, -1, 0, 0, 0, 0, 0, 0, 0 FROM pieces
    UNION ALL SELECT uid, d - 30, 0, 0, 1, 0, 0, 0, 0, 0, 0 FROM pieces
    UNION ALL SELECT uid, d, 0, 0, -1, CASE WHEN is_login THEN d ELSE 0 END, 0, 0, 0, 0, 0 FROM pieces
    UNION ALL SELECT uid, d, 0, 0, 0, 0, 1, 0, 0, 0, 0 FROM billing WHERE event_type = 'charge_failed'
    UNION ALL SELECT uid, d + 30, 0, 0, 0, 0, -1, 0, 0, 0, 0 FROM billing WHERE event_type = 'charge_failed'
    UNION ALL SELECT uid, d, 0, 0, 0, 0, 0, amount_cents, 0, 0, 0 FROM billing WHERE event_type = 'charge_succeeded'
    UNION ALL SELECT uid, d + 90, 0, 0, 0, 0, 0, -amount_cents, 0, 0, 0 FROM billing WHERE event_type = 'charge_succeeded'
    UNION ALL SELECT uid, d - 30, 0, 0, 0, 0, 0, 0, 1, 0, 0 FROM billing WHERE event_type = 'subscription_cancelled'
    UNION ALL SELECT uid, d, 0, 0, 0, 0, 0, 0, -1, 0, 0 FROM billing WHERE event_type = 'subscription_cancelled'
    UNION ALL SELECT uid, d, 0, 0, 0, 0, 0, 0, 0, d::INTEGER * 2 + (arg_max(plan, (event_time, change_id)) = 'pro')::INTEGER, 0
      FROM (SELECT uid, change_id, p.plan, event_time, ${dayOf('event_time')} AS d
        FROM ${table('plan_changes')} p JOIN users USING (user_id)) GROUP BY uid, d
    UNION ALL SELECT uid, a, 0, 0, 0, 0, 0, 0, 0, 0, 1 FROM gone
    UNION ALL SELECT uid, b, 0, 0, 0, 0, 0, 0, 0, 0, -1 FROM gone WHERE b IS NOT NULL
  )
  SELECT uid::INTEGER AS uid, k::SMALLINT AS k, s7::INTEGER AS s7, s30::INTEGER AS s30,
    active::INTEGER AS active, login::INTEGER AS login, failed::INTEGER AS failed,
    cents::BIGINT AS cents, cancelled::INTEGER AS cancelled, plan::INTEGER AS plan,
    gone::INTEGER AS gone
  FROM changes ORDER BY k`);

/** The state on a day from nothing: everything that is in force then. */
const stateOn = (k) => `SELECT uid, 0 AS s7, 0 AS s30, 0 AS active, 0 AS login, 0 AS failed,
    0::BIGINT AS cents, 0 AS cancelled, pro AS plan, 0 AS gone FROM users
  UNION ALL SELECT uid, (a <= ${k} AND ${k} < b + 7)::INTEGER, (a <= ${k} AND ${k} < b + 30)::INTEGER,
    (a - 30 <= ${k} AND ${k} < b)::INTEGER,
    CASE WHEN login_b <= ${k} THEN login_b WHEN login_a <= ${k} THEN login_a ELSE 0 END, 0, 0, 0, 0, 0
    FROM days.sessions WHERE b - a <= 1 AND a <= ${k + 30}
  UNION ALL SELECT uid, s7, s30, active, login, failed, cents, cancelled, plan, gone
    FROM days.changes WHERE k <= ${k}`;

/** The state of the day before, and what begins or ends on this one. */
const stateAfter = (state, k) => `SELECT * FROM ${state}
  UNION ALL SELECT uid, 1, 1, 0, CASE WHEN login_a = ${k} THEN ${k} ELSE 0 END, 0, 0, 0, 0, 0
    FROM days.sessions WHERE a = ${k} AND b - a <= 1
  UNION ALL SELECT uid, 0, 0, -1, CASE WHEN login_b = ${k} THEN ${k} ELSE 0 END, 0, 0, 0, 0, 0
    FROM days.sessions WHERE b = ${k} AND b - a <= 1
  UNION ALL SELECT uid, -1, 0, 0, 0, 0, 0, 0, 0, 0 FROM days.sessions WHERE b = ${k - 7} AND b - a <= 1
  UNION ALL SELECT uid, 0, -1, 0, 0, 0, 0, 0, 0, 0 FROM days.sessions WHERE b = ${k - 30} AND b - a <= 1
  UNION ALL SELECT uid, 0, 0, 1, 0, 0, 0, 0, 0, 0 FROM days.sessions WHERE a = ${k + 30} AND b - a <= 1
  UNION ALL SELECT uid, s7, s30, active, login, failed, cents, cancelled, plan, gone
    FROM days.changes WHERE k = ${k}`;

const summed = (rows) => `SELECT uid, sum(s7)::INTEGER AS s7, sum(s30)::INTEGER AS s30,
    sum(active)::INTEGER AS active, max(login) AS login, sum(failed)::INTEGER AS failed,
    sum(cents)::BIGINT AS cents, sum(cancelled)::INTEGER AS cancelled, max(plan) AS plan,
    sum(gone)::INTEGER AS gone
  FROM (${rows}) GROUP BY uid`;

const vectors = (state, k) => `SELECT user_id, make_timestamptz(${k * DAY}) AS feature_time,
    s7 / 7.0::DOUBLE AS avg_sessions_7d, s30 AS sessions_30d,
    (${k} - CASE WHEN login = 0 THEN since ELSE login END)::INTEGER AS days_since_last_login,
    failed AS failed_payments_30d, cents / 100.0::DOUBLE AS total_spend_90d,
    plan % 2 = 1 AS is_pro_plan,
    ${k + 30 <= completeThrough ? 'active = 0 OR cancelled > 0' : 'NULL::BOOLEAN'} AS label_churned_30d,
    gone = 0 AS is_subscribed
  FROM ${state} JOIN users USING (uid) WHERE since <= ${k} ORDER BY uid`;

async function writeDays(from, to) {
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  let rows = 0;
  for (let k = from; k <= to; k += 1) {
    const [state, before] = k % 2 === 0 ? ['even', 'odd'] : ['odd', 'even'];
    const source = k === from ? stateOn(k) : stateAfter(before, k);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${state} AS ${summed(source)}`);
    const file = path.join(
      out,
      `day=${new Date(k * 86_400_000).toISOString().slice(0, 10)}.parquet`,
    );
    const copied = await connection.runAndReadAll(
      `COPY (${vectors(state, k)}) TO '${file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    );
    rows += Number(copied.getRows()[0][0]);
  }
  connection.closeSync();
  return rows;
}

const bounds = Array.from({ length: threads + 1 }, (_, part) =>
  Math.round(first + (days * part) / threads),
);
const written = await Promise.all(
  bounds.slice(0, -1).map((from, part) => writeDays(from, Math.min(last, bounds[part + 1] - 1))),
);
const seconds = (performance.now() - started) / 1_000;
// As bench/backfill-once.ts measures it.
const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
const rows = written.reduce((total, part) => total + part, 0);
process.stdout.write(`${JSON.stringify({ seconds, rows, peak_rss_bytes: peak })}\n`);
