import { link, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RunningApi } from '../../../api/start-api';
import type { PartitionManifest } from '../../../packages/contracts/partitions';
import type { TestApplication } from '../../acceptance/open-test-platform';
import { reportFigure } from '../../acceptance/report-figure';
import {
  medianOf,
  openRequestingThread,
  STALL_MAX_MS,
  type HeavyRequest,
} from './requesting-thread';
import { describeWhenDeep } from '../../environment/when-deep';

const TRIALS = 5;

const USERS = 60;
/** Of each user, in the newest partition. */
const COPIES = 1_000;
/** As few days as training takes. */
const computed = { from: '2024-01-31', to: '2024-05-31' };
/** Ten years, of which the ledger has every day. */
const range = { from: '2014-06-01', to: computed.to };

const batch = 'POST /predict/batch?explain=true';
const query = `from=${range.from}&to=${range.to}`;
const dryRun = (more: object) => JSON.stringify({ ...range, dry_run: true, ...more });

describeWhenDeep('a heavy request to the real application', () => {
  let application: TestApplication;
  let thread: ReturnType<typeof openRequestingThread> | undefined;
  let userIds: string[];

  // What is loaded here costs nothing where these tests do not run.
  beforeAll(async () => {
    const platform = await import('../../acceptance/open-test-platform');
    application = await platform.openTestApplication();
    const { services, adapters } = application;
    await services.generate({ users: USERS, seed: 7, ...computed }, platform.quietly);
    await platform.backfill(application, computed);
    await services.train({ asOf: computed.to }, platform.quietly);
    await services.drift(computed.to);
    await multiplyUsers(application);
    await fillLedger(application);
    await services.sync(platform.quietly);
    const { readParquet } = await import('../../../packages/duckdb');
    const duckDb = await adapters.openDuckDb();
    const { path: file } = (await newest(application))!;
    const rows = await duckDb.rows<{ user_id: string }>(
      `SELECT user_id FROM ${readParquet([file])} LIMIT 1000`,
    );
    duckDb.close();
    userIds = rows.map((row) => row.user_id);
    thread = openRequestingThread();
  }, 600_000);
  afterAll(async () => {
    await thread?.close();
    await application.remove();
  });

  it.each<[what: string, request: () => Omit<HeavyRequest, 'what'>]>([
    ['60,000 users at risk', () => ({ target: 'GET /users/at-risk?limit=1000', status: 200 })],
    ['partitions of ten years', () => ({ target: `GET /partitions?${query}`, status: 200 })],
    [
      'a dry run of ten years, all of it anew',
      () => ({ target: 'POST /backfill', body: dryRun({ reprocess: 'all' }), status: 200 }),
    ],
    [
      'a dry run of ten years, what is missing',
      () => ({ target: 'POST /backfill', body: dryRun({ reprocess: 'missing' }), status: 200 }),
    ],
    ['the drift of a day', () => ({ target: `GET /drift?date=${computed.to}`, status: 200 })],
    [
      '1,000 users, explained',
      () => ({ target: batch, body: JSON.stringify({ user_ids: userIds }), status: 200 }),
    ],
    ['the models', () => ({ target: 'GET /models', status: 200 })],
  ])(
    'such as %s is answered without a stall',
    async (what, requestOf) => {
      const stalls: number[] = [];
      let answered = 0;
      for (let trial = 0; trial < TRIALS; trial += 1) {
        // Anew: what a process has computed once it keeps.
        const { app, url } = await startReady(application);
        try {
          const request = { what, ...requestOf() };
          const { stallMs, characters } = await thread!.stallOf(url, request);
          stalls.push(stallMs);
          answered = characters;
        } finally {
          await app.close();
        }
      }
      // The median: a full garbage collection of this process, which holds Jest, takes as long.
      const stall = medianOf(stalls);
      reportFigure(
        `CPU time of the longest turn of the real application, ${what}`,
        `${stall.toFixed(1)} ms (${answered} characters)`,
      );
      expect(stall).toBeLessThan(STALL_MAX_MS);
    },
    120_000,
  );
});

async function newest({ adapters }: TestApplication) {
  const { newestPartition } =
    await import('../../../packages/application/partitions/partition-services');
  return newestPartition(adapters);
}

/** Gives the newest partition a later revision, in which each user is there many times. */
async function multiplyUsers(application: TestApplication): Promise<void> {
  const { readParquet } = await import('../../../packages/duckdb');
  const { sha256OfFile } = await import('../../../packages/durable-files/file-hash');
  const { partitionPaths } = await import('../../../packages/offline-store/partition-paths');
  const { adapters } = application;
  const { manifest, path: file } = (await newest(application))!;
  const later = partitionPaths(adapters.paths, manifest.date).revisionFile(manifest.revision + 1);
  const duckDb = await adapters.openDuckDb();
  await duckDb.run(
    `COPY (SELECT * EXCLUDE (copy) REPLACE (user_id || '-' || printf('%04d', copy) AS user_id)
      FROM ${readParquet([file])} CROSS JOIN range(${COPIES}) AS copies(copy) ORDER BY user_id)
     TO '${later}' (FORMAT parquet)`,
  );
  duckDb.close();
  const multiplied: PartitionManifest = {
    ...manifest,
    revision: manifest.revision + 1,
    rows: manifest.rows * COPIES,
    bytes: (await stat(later)).size,
    sha256: await sha256OfFile(later),
  };
  const { sql } = adapters.database;
  await sql`update ops.partition_runs set manifest = ${sql.json(multiplied as never)},
    revision = ${multiplied.revision} where date = ${manifest.date}`;
}

/** Gives every day before the first the row and the file that the first one has. */
async function fillLedger({ adapters }: TestApplication): Promise<void> {
  const { addDays, datesBetween } = await import('../../../packages/instants/logical-date');
  const { partitionPaths } = await import('../../../packages/offline-store/partition-paths');
  const before = datesBetween(range.from, addDays(computed.from, -1));
  const { dayFile } = partitionPaths(adapters.paths, computed.from);
  for (const date of before) {
    const paths = partitionPaths(adapters.paths, date);
    await mkdir(path.dirname(paths.dayFile), { recursive: true });
    await link(dayFile, paths.dayFile);
  }
  await adapters.database.sql`
    insert into ops.partition_runs (dataset, date, status, attempt, fencing_token, manifest, revision,
      started_at, finished_at)
    select dataset, other, status, attempt, fencing_token,
      jsonb_set(manifest, '{date}', to_jsonb(other)), revision, started_at, finished_at
    from ops.partition_runs, unnest(${before}::text[]) as other where date = ${computed.from}`;
}

/** An API over an application of its own, as the process has it, that predicts. */
async function startReady({ env, dataDir, adapters }: TestApplication): Promise<RunningApi> {
  const { setImmediate: nextTurn } = await import('node:timers/promises');
  const { startApi } = await import('../../../api/start-api');
  const { openApiApplication } = await import('../../../packages/application/api-application');
  const { loadConfig } = await import('../../../packages/config/load-config');
  const { silentLogger } = await import('../test-api');
  const api = await startApi(await openApiApplication(loadConfig(env)), {
    host: '127.0.0.1',
    allowedHosts: [],
    port: 0,
    logsDir: path.join(dataDir, 'logs'),
    spoolDiskPercent: 100,
    staleAfterHours: 48,
    logger: silentLogger,
    now: adapters.now,
  });
  const end = performance.now() + 5_000;
  for (;;) {
    const { ok, status } = await fetch(`${api.url}/health/ready`);
    if (ok) return api;
    if (performance.now() > end) throw new Error(`not ready: ${status}`);
    await nextTurn();
  }
}
