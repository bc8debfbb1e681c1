import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { auditRawLog } from '../../../packages/raw-data/log/audit-raw-log';
import { syncRawLog } from '../../../packages/raw-data/log/raw-log';
import { takeKnowledge } from '../../../packages/raw-data/take-knowledge';
import {
  createRawDataFixture,
  csv,
  USER_EVENTS,
  USERS,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

function startChild(what: string, folder: string, stdio: StdioOptions = 'inherit'): ChildProcess {
  return spawn(
    process.execPath,
    [
      '-r',
      path.join(__dirname, '../../environment/typescript-require.cjs'),
      path.join(__dirname, 'killed-child.ts'),
      what,
      fixture.database.url,
      folder,
      fixture.scratchDir,
    ],
    { stdio },
  );
}

/** Runs the child until it has killed itself. */
async function killInTheMiddleOf(
  what: 'cleaning' | 'copying' | 'loaded' | 'raw-log',
  folder: string,
): Promise<void> {
  const child = startChild(what, folder);
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

it('leaves nothing of a load that is killed, and the next one starts afresh', async () => {
  const folder = path.resolve('examples/cdnow');
  await killInTheMiddleOf('loaded', folder);
  await expectNothingLoaded();
  const report = await fixture.load({}, { folder });
  expect(report).toMatchObject({ batch: 1, loaded: { users: 2357, user_events: 13_838 } });
});

const EVENTS = 100_000;

/** Rows of which each is unlike the others, but for one that is sent again and one of a stranger. */
function writeLargeFolder(): string {
  const day = (index: number) => `2025-01-${String(1 + (index % 28)).padStart(2, '0')}`;
  const users = Array.from({ length: 500 }, (_, index) => `u${index},2025-01-01,free`);
  const events = Array.from(
    { length: EVENTS },
    (_, index) => `e${index},u${index % 500},s${index},login,${day(index)}T10:00:00Z`,
  );
  events[90_000] = events[10]!;
  events[95_000] = 'e95000,stranger,s,login,2025-01-02';
  return fixture.write({ users: csv(USERS, ...users), user_events: csv(USER_EVENTS, ...events) });
}

async function expectNothingLoaded(): Promise<void> {
  for (const table of ['raw_data.users', 'raw_data.user_events', 'ops.load_batches']) {
    expect(await fixture.database.sql`SELECT FROM ${fixture.database.sql(table)}`).toHaveLength(0);
  }
}

it('cleans no row twice of a load that is killed in cleaning and in copying, and loads each once', async () => {
  const folder = writeLargeFolder();
  const keptFolder = `${fixture.scratchDir}-kept`;
  // Each with the number of its inode, which says that it is the same file.
  const kept = () =>
    readdirSync(keptFolder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.parquet') && !name.includes('/1-'))
      .map((name) => `${name} ${statSync(path.join(keptFolder, name)).ino}`);
  await killInTheMiddleOf('cleaning', folder);
  await expectNothingLoaded();
  const cleaned = kept();
  expect(cleaned.length).toBeGreaterThan(4);
  await killInTheMiddleOf('copying', folder);
  await expectNothingLoaded();
  expect(kept()).toEqual(expect.arrayContaining(cleaned));
  const keeping = { folder: keptFolder, megabytesMax: 100, sourceBytesMin: 1, rowsPerFile: 8192 };
  const phases = new Map<string, number>();
  const report = await fixture.load(
    {},
    {
      folder,
      keeping,
      rowsPerCopy: 8192,
      onProgress: ({ table, phase }) =>
        void phases.set(`${phase} ${table}`, (phases.get(`${phase} ${table}`) ?? 0) + 1),
    },
  );
  expect(report).toMatchObject({
    batch: 1,
    loaded: { users: 500, user_events: EVENTS - 2 },
    unchanged: { user_events: 1 },
    rejected: { user_events: { unknown_user: 1 } },
  });
  // Once, when all of it was there.
  expect(phases.get('cleaning user_events')).toBe(1);
  const [rows] = await fixture.database.sql<{ rows: number; ids: number }[]>`
    SELECT count(*) AS rows, count(DISTINCT event_id) AS ids FROM raw_data.user_events`;
  expect(rows).toEqual({ rows: EVENTS - 2, ids: EVENTS - 2 });
  expect(readdirSync(keptFolder)).toEqual([]);
});

it('mends a raw log whose writer was killed between two segments', async () => {
  await fixture.load({}, { folder: path.resolve('examples/cdnow') });
  const rawLogDir = path.join(fixture.folder, 'raw_log');
  await killInTheMiddleOf('raw-log', rawLogDir);
  expect(readdirSync(rawLogDir).filter((name) => name.startsWith('batch='))).toEqual([]);
  expect(readdirSync(rawLogDir).some((name) => name.endsWith('.tmp'))).toBe(true);
  await syncRawLog({ ...fixture, rawLogDir });
  expect(readdirSync(rawLogDir).sort()).toEqual(['_installation', 'batch=000001']);
  const audit = await auditRawLog({ ...fixture, rawLogDir });
  expect(audit).toMatchObject({ equal: 2357 + 13_838 + 6911, missing: 0, extra: 0, mismatched: 0 });
});

async function untilStopped(pid: number): Promise<void> {
  for (;;) {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]);
    if (stdout.startsWith('T')) return;
  }
}

it('takes over from a load whose process is frozen, and loads each row once', async () => {
  const folder = writeLargeFolder();
  const child = startChild('frozen', folder, ['ignore', 'inherit', 'pipe']);
  const exit = once(child, 'exit');
  const said = text(child.stderr!);
  await untilStopped(child.pid!);
  await expect(takeKnowledge(fixture.database, { waitMillis: 50 })).rejects.toMatchObject({
    code: 'LOAD_RUNNING',
    details: { source: 'import' },
  });
  // As if it had been frozen for two minutes.
  await fixture.database.sql`
    UPDATE ops.lock_leases SET renewed_at = renewed_at - interval '2 minutes'`;
  expect(await fixture.load({}, { folder })).toMatchObject({
    batch: 1,
    loaded: { users: 500, user_events: EVENTS - 2 },
  });
  child.kill('SIGCONT');
  expect(await exit).toEqual([1, null]);
  expect(await said).toContain('was silent for 60 s while loading data');
  const rows = await fixture.database.sql`SELECT FROM raw_data.user_events`;
  expect(rows).toHaveLength(EVENTS - 2);
});

it('leaves no query running of a load that is killed', async () => {
  const { sql } = fixture.database;
  const queries = () => sql`SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(3600)%'
      AND pid <> pg_backend_pid()`;
  const child = startChild('querying', fixture.folder);
  while ((await queries()).length === 0) if (child.exitCode !== null) throw new Error('It ended.');
  child.kill('SIGKILL');
  const users = csv(USERS, 'u1,2025-01-01,free');
  expect(await fixture.load({ users })).toMatchObject({ batch: 1 });
  expect(await queries()).toHaveLength(0);
});
