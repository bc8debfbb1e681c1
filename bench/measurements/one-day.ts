import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { copyToParquet, readParquet } from '../../packages/duckdb/open-duckdb';
import { formatInstant } from '../../packages/instants/epoch-micros';
import { addDays, midnightOf, type LogicalDate } from '../../packages/instants/logical-date';
import type { Application } from '../../packages/application/application';
import { mayHaveAttributes, rawTableNames } from '../../packages/raw-data/raw-tables';
import { acceptWorld, batchFolder } from '../world/accept-world';
import { fillRawTables } from '../world/fill-raw-tables';
import { runBackfill } from '../world/run-backfill';
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
const DAYS = 90;
const BUDGET_SECONDS = 60;

/**
 * One day of a business of 100,000 users, from its file to the online store, with the calls of the
 * daily run's activities: load, compute (with the partition whose labels mature), sync. The 89 days
 * before it are in Postgres with all their indexes, a month of partitions is published, and Redis
 * holds the day before. Run once: a day can't be loaded twice.
 */
export async function measureOneDay(options: BenchOptions): Promise<Row[]> {
  const { scratch, manyUsers: users, ids, note } = options;
  const services = ['postgres', 'redis'] as const;
  return withInstallation({ scratch, services }, async (application) => {
    note(`one day: writing a world of ${formatCount(users)} users × ${DAYS} days`);
    await acceptWorld(application, { users, days: DAYS, start: START, seed: 43, ids });
    const date = addDays(START, DAYS);
    const folder = path.join(scratch, 'one-day');
    await mkdir(folder);
    await holdBackLastDay(application, { date, folder });
    note('one day: filling Postgres with the days before');
    await fillRawTables(application);
    note('one day: publishing the month before');
    await runBackfill(application, {
      id: 'before',
      from: addDays(date, -31),
      to: addDays(date, -1),
    });
    await application.services.sync(quietly);
    note('one day: running the day');
    return [rowOf(users, await runDay(application, { date, folder }))];
  });
}

interface Day {
  readonly date: LogicalDate;
  /** Where its CSV files are. */
  readonly folder: string;
}

/** Moves what happened on the day that ends at `date` from the segments to CSV files. */
async function holdBackLastDay(application: Application, { date, folder }: Day): Promise<void> {
  const begin = addDays(date, -1);
  const segments = batchFolder(application, 1);
  const duckDb = await application.adapters.openDuckDb();
  try {
    for (const table of rawTableNames.filter(mayHaveAttributes)) {
      const segment = path.join(segments, `${table}.parquet`);
      const time = table === 'users' ? 'signup_time' : 'event_time';
      const isHeldBack = `epoch_us(${time}) >= ${midnightOf(begin)}`;
      const rows = `FROM ${readParquet([segment])}`;
      const query = `SELECT * EXCLUDE (batch) ${rows} WHERE ${isHeldBack}`;
      await writeCsv(application, { query, file: path.join(folder, `${table}.csv`) });
      await duckDb.run(
        copyToParquet(`${rows} WHERE NOT (${isHeldBack})`, `${segment}.kept`, 'log'),
      );
      await rename(`${segment}.kept`, segment);
    }
  } finally {
    duckDb.close();
  }
  const { sql } = application.adapters.database;
  await sql`update ops.load_batches
    set complete_through = ${formatInstant(midnightOf(begin))}::text::timestamptz`;
}

interface DaySeconds {
  readonly load: number;
  readonly compute: number;
  readonly sync: number;
  readonly events: number;
}

async function runDay(application: Application, { date, folder }: Day): Promise<DaySeconds> {
  const { services, pipelinePorts } = application;
  let events = 0;
  const load = await secondsOf(async () => {
    const completeThrough = midnightOf(date);
    const report = await services.importFolder(
      { folder, arrival: 'assumed', completeThrough },
      quietly,
    );
    events = report.loaded.user_events;
  });
  const compute = await secondsOf(async () => {
    const knowledge = await pipelinePorts.takeDailyKnowledge(date);
    await pipelinePorts.computeDay({ date, runId: `daily-${date}`, knowledge }, quietly);
  });
  const sync = await secondsOf(async () => {
    const synced = await pipelinePorts.syncOnline(quietly);
    if (synced.date !== date) throw new Error(`${synced.date} is online, not ${date}`);
  });
  return { load, compute, sync, events };
}

function rowOf(users: number, { load, compute, sync, events }: DaySeconds): Row {
  const total = load + compute + sync;
  const parts = [
    `load ${load.toFixed(1)}`,
    `compute ${compute.toFixed(1)}`,
    `sync ${sync.toFixed(1)}`,
  ];
  return {
    what: `one day at ${formatCount(users)} users, ${formatCount(events)} new events`,
    ours: `${formatSeconds(total)} (${parts.join(', ')})`,
    peer: '',
    ratio: '',
    budget: `< ${BUDGET_SECONDS} s`,
    verdict: budgetVerdict(total < BUDGET_SECONDS),
  };
}
