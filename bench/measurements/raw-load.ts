import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Application } from '../../packages/application/application';
import type { IdShape } from '../world/id-sql';
import { writeBenchWorld } from '../world/write-bench-world';
import { copyCsvFile } from '../world/fill-raw-tables';
import { quietly, withInstallation } from '../world/with-installation';
import { writeCsv } from '../world/write-csv';
import {
  formatCount,
  formatRate,
  secondsOf,
  budgetVerdict,
  type BenchOptions,
  type Row,
} from './measurement';

const EVENTS_PER_USER = 50;
const BUDGET = 0.6;
const tables = ['users', 'user_events'] as const;
type BareTable = (typeof tables)[number];

/**
 * An import (validation, duplicates, foreign keys, rejected rows, arrival times) against the bare
 * COPY of the same CSV files into tables with the same keys, indexes and foreign keys, each into
 * empty tables and in one transaction.
 */
export async function measureRawLoad(options: BenchOptions): Promise<Row[]> {
  const { scratch, loadEvents, ids, rounds, note } = options;
  return withInstallation({ scratch, services: ['postgres'] }, async (application) => {
    const folder = path.join(scratch, 'raw-load');
    const users = Math.round(loadEvents / EVENTS_PER_USER);
    note(`raw load: writing ${formatCount(loadEvents)} events of ${formatCount(users)} users`);
    await writeSource(application, { folder, users, events: loadEvents, ids });
    await application.adapters.installation();
    await makeBareTables(application);
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      note(`raw load: round ${round}`);
      await emptyTables(application);
      ours.push(await importAll(application, folder, users + loadEvents));
      await emptyTables(application);
      bare.push(await copyAll(application, folder));
    }
    await rm(folder, { recursive: true });
    return [rowOf(users + loadEvents, Math.min(...ours), Math.min(...bare))];
  });
}

const columns: Readonly<Record<BareTable, readonly string[]>> = {
  users: ['user_id', 'signup_time', 'plan', 'country', 'ingested_at'],
  user_events: ['event_id', 'user_id', 'session_id', 'event_type', 'event_time', 'ingested_at'],
};

/** The first events of a world in the order in which they happened, as a source would export them. */
async function writeSource(
  application: Application,
  source: { folder: string; users: number; events: number; ids: IdShape },
): Promise<void> {
  const { folder, users, events } = source;
  const world = path.join(folder, 'world');
  await mkdir(world, { recursive: true });
  const { scratch } = application.adapters.paths;
  const options = { users, days: 120, start: '2024-01-01', seed: 46, ids: source.ids };
  const rows = await writeBenchWorld(options, { folder: world, scratch });
  if (rows.user_events < events) throw new Error(`only ${rows.user_events} events`);
  const tail = {
    users: 'ORDER BY signup_time, user_id',
    user_events: `ORDER BY event_time, event_id LIMIT ${events}`,
  };
  for (const table of tables) {
    const names = columns[table].join(', ');
    const query = `SELECT ${names} FROM read_parquet('${world}/${table}.parquet') ${tail[table]}`;
    await writeCsv(application, {
      query,
      file: path.join(folder, `${table}.csv`),
      readsFrom: world,
    });
  }
  await rm(world, { recursive: true });
}

async function makeBareTables({ adapters }: Application): Promise<void> {
  await adapters.database.sql.unsafe(`
    create schema bare;
    create table bare.users (like raw_data.users including all);
    create table bare.user_events (like raw_data.user_events including all);
    alter table bare.users alter column batch set default 1;
    alter table bare.user_events alter column batch set default 1,
      add foreign key (user_id) references bare.users (user_id);`);
}

async function emptyTables({ adapters }: Application): Promise<void> {
  const { sql } = adapters.database;
  await sql`truncate raw_data.users, raw_data.plan_changes, raw_data.user_events,
    raw_data.billing_events, raw_data.user_attributes, raw_data.rejected_rows, ops.load_batches,
    bare.users, bare.user_events`;
  await sql`checkpoint`;
}

async function importAll({ services }: Application, folder: string, rows: number): Promise<number> {
  return secondsOf(async () => {
    const { loaded } = await services.importFolder({ folder, arrival: 'assumed' }, quietly);
    const count = loaded.users + loaded.user_events;
    if (count !== rows) throw new Error(`${count} of ${rows} rows loaded`);
  });
}

async function copyAll({ adapters }: Application, folder: string): Promise<number> {
  return secondsOf(() =>
    adapters.database.sql.begin(async (tx) => {
      for (const table of tables) {
        const file = path.join(folder, `${table}.csv`);
        await copyCsvFile(tx, { table: `bare.${table}`, file, columns: columns[table] });
      }
    }),
  );
}

function rowOf(rows: number, ours: number, bare: number): Row {
  const ratio = bare / ours;
  return {
    what: `raw load, ${formatCount(rows)} rows, against a bare COPY`,
    ours: formatRate(rows, ours),
    peer: formatRate(rows, bare),
    ratio: ratio.toFixed(2),
    budget: `≥ ${BUDGET}`,
    verdict: budgetVerdict(ratio >= BUDGET),
  };
}
