import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { copyToParquet, type DuckDb } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { spineReasons } from '../../../packages/features/history/compile-spine';
import type { Segments } from '../../../packages/features/segments';
import { computeHistory } from '../../../packages/features/history/compute-history';
import { featureSet } from '../../../packages/features/feature-set';
import { midnightOf } from '../../../packages/instants/logical-date';
import { createScratchDirectory } from '../../environment/scratch-directory';
import {
  compileTimelineUsers,
  selectTimelinePasses,
} from '../../../packages/features/history/compile-timelines';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog, writeTestTimelines } from './raw-log-fixture';
import { unusual } from './unusual-features';

const SIGNUP = midnightOf('2024-03-01');
const ARRIVAL = SIGNUP + 5_000_000n;
const NOW = midnightOf('2024-04-01');
const HOUR = 3_600_000_000n;

const scratch = createScratchDirectory();
let duckDb: DuckDb;

beforeAll(async () => {
  duckDb = await openTestDuckDb(scratch.path);
});

afterAll(() => {
  duckDb.close();
  scratch.remove();
});

describe('a user in a spine', () => {
  const later = { at: NOW };
  it.each<
    [string, bigint, { at: bigint } | { afterMicros: bigint }, (typeof spineReasons)[number]]
  >([
    ['is there at the moment of signing up', SIGNUP, later, null],
    ['is not there a microsecond before', SIGNUP - 1n, later, 'before_signup'],
    ['is known at K = the arrival', ARRIVAL, { at: ARRIVAL }, null],
    ['is not known at K a microsecond earlier', ARRIVAL, { at: ARRIVAL - 1n }, 'not_yet_known'],
    ['is known where T + 1 h is the arrival', SIGNUP, { afterMicros: 5_000_000n }, null],
    ['is not known 1 µs earlier', SIGNUP, { afterMicros: 4_999_999n }, 'not_yet_known'],
    ['is there now', NOW, later, null],
    ['has no future', NOW + 1n, later, 'in_the_future'],
    ['is known an hour after signing up', SIGNUP, { afterMicros: HOUR }, null],
  ])('%s', async (_what, t, known, reason) => {
    const user = { userId: 'u', signupTime: SIGNUP, plan: 'pro', ingestedAt: ARRIVAL, batch: 1 };
    const raw = { users: [user], planChanges: [], userEvents: [], billingEvents: [] };
    const segments = await writeRawLog(duckDb, scratch.path, raw);
    await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
      SELECT ${quoteLiteral('u')} AS user_id, ${t}::BIGINT AS t`);
    const knowledge = { ...known, batch: 1 };
    const history = await computeHistory(duckDb, { featureSet, knowledge, segments, now: NOW });
    expect(spineReasons[history.reasons[0]!]).toBe(reason);
  });
});

it.each([
  ['30 days later', 30n],
  ['10 days after that', 40n],
  ['when it is seen', 50n],
])('a failed charge that is seen only after its window is not there %s', async (_when, days) => {
  const DAY = 24n * HOUR;
  const now = SIGNUP + 60n * DAY;
  const user = { userId: 'u', signupTime: SIGNUP, plan: 'pro', ingestedAt: SIGNUP, batch: 1 };
  const ingestedAt = SIGNUP + 50n * DAY;
  const charge = { userId: 'u', eventType: 'charge_failed', amountCents: 1n, batch: 1 };
  const billingEvents = [{ ...charge, eventTime: SIGNUP, ingestedAt }];
  const raw = { users: [user], planChanges: [], userEvents: [], billingEvents };
  const segments = await writeRawLog(duckDb, scratch.path, raw);
  await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
    SELECT ${quoteLiteral('u')} AS user_id, ${SIGNUP + days * DAY}::BIGINT AS t`);
  const knowledge = { afterMicros: 0n, batch: 1 };
  const history = await computeHistory(duckDb, { featureSet, knowledge, segments, now });
  const place = featureSet.features.findIndex(({ name }) => name === 'failed_payments_30d');
  expect(history.features[place]![0]).toBe(0);
});

describe('a session', () => {
  const LATE = SIGNUP + 58n * HOUR;
  const events = (batch: number) => [
    { type: 'login', eventTime: SIGNUP, ingestedAt: SIGNUP, batch },
    { type: 'view', eventTime: SIGNUP + 10n * HOUR, ingestedAt: LATE, batch },
  ];
  const early = { type: 'login', eventTime: SIGNUP - HOUR, ingestedAt: SIGNUP, batch: 1 };
  /** The last microsecond at which a window of seven days has the second event. */
  const lastMoment = SIGNUP + (7n * 24n + 10n) * HOUR - 1n;
  const long = Array.from({ length: 11 }, (_, index) => {
    const eventTime = SIGNUP + BigInt(index) * 20n * HOUR;
    return { type: 'view', eventTime, ingestedAt: LATE, batch: 1 };
  });
  const twice = [0n, 170n, 180n].map((hours) => {
    const eventTime = SIGNUP + hours * HOUR;
    return { type: hours < 180n ? 'login' : 'view', eventTime, ingestedAt: eventTime, batch: 1 };
  });
  it.each([
    ['has no login since its last', twice, SIGNUP + (175n + 168n) * HOUR, NOW, 1],
    ['is one where it goes on for longer than the window', long, SIGNUP + 200n * HOUR, LATE, 1],
    ['is there until a week after the second event', events(1), lastMoment, LATE, 1],
    ['is gone a microsecond later', events(1), lastMoment + 1n, LATE, 0],
    [
      'ends with the first event where the second is not known yet',
      events(1),
      lastMoment,
      LATE - 1n,
      0,
    ],
    ['likewise beside a batch that is known', [early, ...events(2)], lastMoment, LATE - 1n, 0],
  ])('%s, with timelines and without', async (_what, rows, t, at, sessions) => {
    const user = { userId: 'u', signupTime: SIGNUP, plan: 'pro', ingestedAt: SIGNUP, batch: 1 };
    const userEvents = rows.map(({ type, ...row }) => {
      return { ...row, userId: 'u', sessionId: `s${row.batch}`, eventType: type };
    });
    const raw = { users: [user], planChanges: [], userEvents, billingEvents: [] };
    const segments = await writeRawLog(duckDb, scratch.path, raw);
    await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
      SELECT ${quoteLiteral('u')} AS user_id, ${t}::BIGINT AS t`);
    const knowledge = { at, batch: 2 };
    const options = { featureSet: unusual, knowledge, segments, now: NOW };
    const timelines = await writeTestTimelines(duckDb, segments, { features: unusual });
    const answers = [
      await computeHistory(duckDb, options),
      await computeHistory(duckDb, { ...options, timelines }),
    ];
    for (const history of answers) {
      const valueOf = (name: string) =>
        history.features[unusual.features.findIndex((feature) => feature.name === name)]![0];
      expect(valueOf('avg_sessions_7d')! > 0).toBe(sessions > 0);
      // The login itself is older.
      expect(valueOf('login_sessions_7d')).toBe(0);
    }
  });
});

it('has each user’s own rows in timelines of more users than a part, and than a pass, has', async () => {
  const folder = path.join(scratch.path, 'many');
  mkdirSync(folder);
  const users = 5_000;
  const rows = {
    users: `lpad(i::VARCHAR, 4, '0') AS user_id, make_timestamptz(${SIGNUP}) AS signup_time, 'free' AS plan`,
    user_events: `lpad(i::VARCHAR, 4, '0') AS user_id, 's' AS session_id, 'login' AS event_type,
      make_timestamptz(${SIGNUP} + (i % 20) * 24 * ${HOUR}) AS event_time`,
    billing_events: `lpad(i::VARCHAR, 4, '0') AS user_id, 'charge_failed' AS event_type, 1::BIGINT AS amount_cents,
      make_timestamptz(${NOW} - (i % 3) * 20 * 24 * ${HOUR}) AS event_time`,
    plan_changes: `'c' AS change_id, 'none' AS user_id, 'pro' AS plan, make_timestamptz(${SIGNUP}) AS event_time`,
  };
  const segments: Segments = (table) => [
    { file: path.join(folder, `${table}.parquet`), firstBatch: 1, lastBatch: 1 },
  ];
  for (const [table, columns] of Object.entries(rows) as [keyof typeof rows, string][]) {
    const all = `SELECT ${columns}, make_timestamptz(${SIGNUP}) AS ingested_at, 1 AS batch
      FROM range(${users}) AS r(i) ORDER BY user_id`;
    await duckDb.run(copyToParquet(all, segments(table, 1)[0]!.file, 'log'));
  }
  await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
    SELECT lpad((${users - 1} - i)::VARCHAR, 4, '0') AS user_id, ${NOW}::BIGINT AS t FROM range(${users}) AS r(i)`);
  const knowledge = { at: NOW, batch: 1 };
  const timelines = await writeTestTimelines(duckDb, segments, { rowsPerPass: 9_000 });
  const options = { featureSet, knowledge, segments, timelines, now: NOW };
  const history = await computeHistory(duckDb, options);
  const valuesOf = (name: string) => [
    ...history.features[featureSet.features.findIndex((feature) => feature.name === name)]!,
  ];
  const places = Array.from({ length: users }, (_, row) => users - 1 - row);
  expect(timelines.parts.map((part) => part.users)).toEqual([2_048, 2_048, 904]);
  const cut = [...segments('user_events', 1), ...segments('billing_events', 1)];
  await duckDb.run(compileTimelineUsers(options, { segments: cut, rowsPerPass: 9_000 }));
  // A user counts as a row, beside an event and a bill.
  expect(await duckDb.rows(selectTimelinePasses)).toEqual([
    { from: 0, until: 3_000 },
    { from: 3_000, until: users },
  ]);
  expect(valuesOf('days_since_last_login')).toEqual(places.map((i) => 31 - (i % 20)));
  expect(valuesOf('failed_payments_30d')).toEqual(places.map((i) => (i % 3 < 2 ? 1 : 0)));
});
