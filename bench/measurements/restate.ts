import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { MICROS_PER_HOUR } from '../../packages/instants/epoch-micros';
import { addDays, midnightOf, type LogicalDate } from '../../packages/instants/logical-date';
import type { Application } from '../../packages/application/application';
import { writeBenchWorld, type BenchWorld } from '../world/write-bench-world';
import { emptyStore, runBackfill, type BackfillRange } from '../world/run-backfill';
import { quietly, withInstallation } from '../world/with-installation';
import { writeCsv } from '../world/write-csv';
import {
  formatCount,
  formatSeconds,
  secondsOf,
  budgetVerdict,
  type BenchOptions,
  type Row,
} from './measurement';

const START = '2024-01-01';
const DAYS = 365;
const LATE_ROWS = 1_000;
/** A user event touches the features of 30 days and the labels of the 30 before. */
const LATE_DAY = addDays(START, 180);

interface Round {
  readonly backfill: number;
  readonly restate: number;
  /** `churn restate` with nothing to do. */
  readonly fixed: number;
  readonly touched: number;
}

/**
 * Late data in a year: 1,000 events that a load brings half a year after they happened, all of one
 * day, and `churn restate` after it, against the backfill of the whole year in the same run. Each
 * round backfills, loads and restates anew, the late events of a day later than the round before.
 */
export async function measureRestate(options: BenchOptions): Promise<Row[]> {
  const { scratch, restateUsers: users, rounds: count, note } = options;
  const services = ['postgres', 'redis'] as const;
  return withInstallation({ scratch, services }, async (application) => {
    const world = { users, days: DAYS, start: START, seed: 44, ids: options.ids };
    note(`restate: importing a world of ${formatCount(users)} users × ${DAYS} days`);
    const folder = path.join(scratch, 'restate-world');
    await importWorld(application, world, folder);
    const range = { from: addDays(START, 1), to: addDays(START, DAYS) };
    const rounds: Round[] = [];
    for (let round = 0; round < count; round += 1) {
      note(`restate: round ${round + 1}`);
      const late = { day: addDays(LATE_DAY, round), folder: path.join(scratch, `late-${round}`) };
      await writeLateRows(application, late, folder);
      rounds.push(await runRound(application, range, late.folder));
    }
    await rm(folder, { recursive: true });
    return rowsOf(users, rounds);
  });
}

async function importWorld(
  application: Application,
  world: BenchWorld,
  folder: string,
): Promise<void> {
  await writeBenchWorld(world, { folder, scratch: application.adapters.paths.scratch });
  const completeThrough = midnightOf(addDays(world.start, world.days));
  await application.services.importFolder({ folder, arrival: 'assumed', completeThrough }, quietly);
  await application.adapters.rawLog();
}

/** Page views, which move no last login, of users who were there by then, each in turn. */
async function writeLateRows(
  application: Application,
  late: { day: LogicalDate; folder: string },
  worldFolder: string,
): Promise<void> {
  await mkdir(late.folder);
  const begin = midnightOf(addDays(late.day, -1));
  const users = `(SELECT * EXCLUDE (batch) FROM read_parquet('${worldFolder}/users.parquet')
    WHERE epoch_us(signup_time) < ${begin} ORDER BY user_id LIMIT ${LATE_ROWS})`;
  const events = `SELECT 'late-${late.day}-' || n AS event_id, user_id,
    'late-${late.day}' AS session_id, 'page_view' AS event_type,
    make_timestamptz(${begin + MICROS_PER_HOUR}) AS event_time
    FROM range(${LATE_ROWS}) AS t(n) JOIN (
      SELECT user_id, row_number() OVER (ORDER BY user_id) - 1 AS number, count(*) OVER () AS users
      FROM ${users}
    ) ON number = n % users`;
  const write = (query: string, name: string) =>
    writeCsv(application, { query, file: path.join(late.folder, name), readsFrom: worldFolder });
  await write(`FROM ${users}`, 'users.csv');
  await write(events, 'user_events.csv');
}

/** @param folder  The late rows; they carry no arrival time, so they arrive when they are loaded. */
async function runRound(
  application: Application,
  range: BackfillRange,
  folder: string,
): Promise<Round> {
  const { services } = application;
  await emptyStore(application);
  const backfill = await runBackfill(application, { id: 'year', ...range });
  await services.sync(quietly);
  const loaded = await services.importFolder({ folder, arrival: 'now' }, quietly);
  if (loaded.loaded.user_events !== LATE_ROWS) throw new Error('not all late rows were loaded');
  await application.adapters.rawLog();
  const { restated: touched } = await services.restate({ dryRun: true }, quietly);
  const restate = await secondsOf(() => services.restate({ dryRun: false }, quietly));
  const fixed = await secondsOf(async () => {
    const { restated } = await services.restate({ dryRun: false }, quietly);
    if (restated.length > 0) throw new Error('restating twice restated something');
  });
  return { backfill, restate, fixed, touched: touched.length };
}

function rowsOf(users: number, rounds: readonly Round[]): Row[] {
  const best = (of: (round: Round) => number) => Math.min(...rounds.map(of));
  const [backfill, restate, fixed] = [
    best((round) => round.backfill),
    best((round) => round.restate),
    best((round) => round.fixed),
  ];
  const { touched } = rounds[0]!;
  const ratio = restate / backfill;
  const limit = (1.2 * (touched + 120)) / 485;
  return [
    {
      what: `restate ${formatCount(LATE_ROWS)} late rows touching ${touched} days, ${formatCount(users)} users`,
      ours: formatSeconds(restate),
      peer: `${formatSeconds(backfill)} (backfill of the year)`,
      ratio: ratio.toFixed(2),
      budget: `≤ ${limit.toFixed(2)} (1.2 × (touched + 120) ÷ 485)`,
      verdict: budgetVerdict(ratio <= limit),
    },
    {
      what: 'restate: fixed cost, nothing to do',
      ours: formatSeconds(fixed),
      peer: '',
      ratio: (fixed / backfill).toFixed(2),
      budget: '',
      verdict: '',
    },
  ];
}
