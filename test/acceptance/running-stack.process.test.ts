import { readFileSync } from 'node:fs';
import { runDemo } from '../../packages/cli/run-demo';
import { loadConfig } from '../../packages/config/load-config';
import { openApplication, type Application } from '../../packages/application/application';
import { backfillWorkflowId } from '../../packages/contracts/pipeline';
import { createBackfillRuns } from '../../packages/application/backfills/temporal-runs';
import type { ServiceName } from '../../packages/local-services/service-names';
import { stackStatus } from '../../packages/local-services/stack-status';
import { startStack } from '../../packages/local-services/start-stack';
import { stopStack } from '../../packages/local-services/stop-stack';
import { createScratchDirectory } from '../environment/scratch-directory';
import { metricNamesOf, readQueries } from '../monitoring/metric-names';
import { openTestApplication, quietly } from './open-test-platform';
import { lastingState, leftovers, runUndisturbed } from './undisturbed-twin';

const world = { users: 60, seed: 7 };
/** As few days as training takes. */
const range = { from: '2024-01-31', to: '2024-05-31' };
const dateCount = 122;

/** The whole platform in real processes: all of them killed, services stopped one after the other. */
describe('a running installation', () => {
  const scratch = createScratchDirectory();
  const config = loadConfig({ CHURN_DATA_DIR: `${scratch.path}/data`, CHURN_LOG_LEVEL: 'error' });
  let application: Application;

  beforeAll(async () => {
    await startStack({ config });
    application = await openApplication(config);
    await application.services.generate({ ...world, ...range }, quietly);
  }, 120_000);

  // One each: what could not be started has nothing to close, and the others have to be stopped.
  afterAll(() => application.close());
  afterAll(() => stopStack({ config }), 60_000);
  afterAll(() => scratch.remove());

  it('finishes a backfill when all five processes are killed in it, and is as an undisturbed one', async () => {
    const backfills = createBackfillRuns(application.adapters, application.temporal);
    const request = { ...range, reprocess: 'missing', knownAt: 'latest', train: false } as const;
    const publication = await holdPublicationsFrom('2024-04-15', application);
    const { id } = await backfills.start(request);
    await publication.isWaiting();
    const before = await publishedCount(application);
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(dateCount);
    const { services } = await stackStatus({ config });
    for (const { pid } of services) process.kill(pid!, 'SIGKILL');

    await startStack({ config });
    await publication.isOver();
    const ended = await eventually(
      () => backfills.progress(id),
      ({ status }) => status !== 'running',
    );
    expect(ended).toMatchObject({ status: 'succeeded', failed: [] });

    const attempts = (await application.services.listPartitions(range)).map(
      ({ attempt }) => attempt,
    );
    expect(attempts.filter((attempt) => attempt === 1).length).toBeGreaterThanOrEqual(before);
    expect(attempts).toContain(2);
    expect(await lastingState(application)).toEqual(await undisturbedState());
    expect(leftovers(config.dataDir)).toEqual([]);
  }, 240_000);

  it('stops a backfill between two dates when it is paused, and ends it when resumed', async () => {
    const backfills = createBackfillRuns(application.adapters, application.temporal);
    const request = { ...range, reprocess: 'all', knownAt: 'latest', train: false } as const;
    const publication = await holdPublicationsFrom('2024-04-15', application);
    const { id } = await backfills.start(request);
    await publication.isWaiting();
    const told = performance.now();
    expect(await backfills.pause(id)).toMatchObject({ status: 'paused' });
    await chunkKnowsOfPause(id, application);
    await publication.letGo();

    const { ledger } = application.adapters;
    await eventually(
      () => ledger.list(),
      (rows) => !rows.some(({ status }) => status === 'running'),
    );
    expect(performance.now() - told).toBeLessThan(5_000);
    const done = await ledger.countPublishedBy(id);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(dateCount);
    const paused = await eventually(
      () => backfills.progress(id),
      ({ succeeded }) => succeeded >= done,
    );
    expect(paused).toMatchObject({ status: 'paused', succeeded: done, failed: [] });

    await backfills.resume(id);
    const ended = await eventually(
      () => backfills.progress(id),
      ({ status }) => status !== 'running',
    );
    expect(ended).toMatchObject({ status: 'succeeded', succeeded: dateCount, failed: [] });
    expect(await buildsOf(id, application)).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/)]);
  }, 120_000);

  it('shows queues, slots, steps and partitions of the worker, and its story in the log', async () => {
    const response = await fetch(await urlOf('worker'));
    const names = [...(await response.text()).matchAll(/^\w+/gm)].map(([name]) => name);
    expect([...new Set(names)]).toEqual(
      expect.arrayContaining([
        ...readQueries()
          .flatMap(metricNamesOf)
          .filter((name) => name.startsWith('temporal_')),
        'churn_step_duration_seconds_bucket',
        'churn_backfill_dates_total',
        'churn_partitions_published_total',
      ]),
    );
    const lines = readFileSync(`${config.dataDir}/logs/worker.log`, 'utf8').trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries).toContainEqual(
      expect.objectContaining({
        service: 'worker',
        msg: 'step ended',
        step: 'compute_chunk',
        outcome: 'succeeded',
        workflow_id: expect.stringContaining('backfill'),
        run_id: expect.any(String),
        from: range.from,
        to: range.to,
      }),
    );
  });

  it('changes nothing when the demo runs over it again', async () => {
    const demo = () =>
      runDemo(
        { ...world, months: 4, end: range.to },
        {
          config,
          application: async () => application,
          progress: quietly,
          clock: () => performance.now(),
        },
      );
    const first = await demo();
    expect(first.prediction).toMatchObject({ model_version: 'v001' });
    const before = await everythingKept();

    const second = await demo();
    expect(second.backfill).toMatchObject({ planned: 0, skipped: dateCount });
    expect(second.sync).toMatchObject({ written: 0, removed: 0 });
    expect(second.model_is_new).toBe(false);
    expect(await everythingKept()).toEqual(before);
  }, 120_000);

  it('lists who is at risk as the command line does, however many ask, and outlives SIGUSR2', async () => {
    const apiUrl = await urlOf('api');
    process.kill(await pidOf('api'), 'SIGUSR2');
    const asked = Array.from({ length: 20 }, () => fetch(`${apiUrl}/users/at-risk?limit=5`));
    const answers = await Promise.all((await Promise.all(asked)).map((answer) => answer.json()));
    const list = await application.services.atRisk({ limit: 5 });
    expect(list.users.length).toBeGreaterThan(0);
    expect(answers).toEqual(answers.map(() => list));
  });

  it('answers nobody from a Redis that lost its data, and everybody once it is repaired', async () => {
    const apiUrl = await urlOf('api');
    const [first] = (await application.services.atRisk({ limit: 1 })).users;
    const predict = () => post(`${apiUrl}/predict`, { user_id: first?.user_id });
    expect((await predict()).status).toBe(200);

    await application.adapters.redis.flushdb();
    for (const answer of [await predict(), await fetch(`${apiUrl}/health/ready`)]) {
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: 'NO_FEATURES' });
    }

    const repair = await application.services.repairOnline(quietly);
    expect(repair).toMatchObject({ date: range.to, missing: repair.users, unchanged: 0 });
    expect((await predict()).status).toBe(200);
    const audit = await application.services.audit('online', quietly);
    expect(audit).toMatchObject({ equal: repair.users, missing: 0, extra: 0, mismatched: 0 });
  }, 60_000);

  it('answers /predict with Postgres and Temporal stopped, and 503 without Redis', async () => {
    const apiUrl = await urlOf('api');
    const [first] = (await application.services.atRisk({ limit: 1 })).users;
    const predict = () => post(`${apiUrl}/predict`, { user_id: first?.user_id });
    const up = { status: 'up' };
    expect(await health(apiUrl)).toMatchObject({ redis: up, postgres: up, temporal: up });

    await stopStack({ config, services: ['temporal', 'postgres'] });
    expect((await predict()).status).toBe(200);
    const down = { status: 'down' };
    expect(await health(apiUrl)).toMatchObject({ redis: up, postgres: down, temporal: down });
    const move = { from: 'v001', reason: 'of a test' };
    for (const change of ['models/rollback', 'models/v001/promote', 'models/rollback']) {
      const response = await post(`${apiUrl}/${change}`, move);
      expect([response.status, await response.json()]).toEqual([
        503,
        expect.objectContaining({ code: 'POSTGRES_UNAVAILABLE' }),
      ]);
    }
    const { aliases } = await application.services.listModels();
    expect(aliases).toEqual({ champion: 'v001', challenger: null, previous: null });

    await stopStack({ config, services: ['redis'] });
    const refused = await predict();
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    expect(await health(apiUrl)).toMatchObject({ status: 'degraded', redis: down });
    expect((await fetch(`${apiUrl}/health/ready`)).status).toBe(503);
    expect((await fetch(`${apiUrl}/health/live`)).status).toBe(200);
  }, 60_000);

  async function pidOf(name: ServiceName): Promise<number> {
    const { services } = await startStack({ config, services: [name] });
    return services.find((service) => service.name === name)!.pid!;
  }

  async function urlOf(name: ServiceName): Promise<string> {
    const { services } = await startStack({ config, services: [name] });
    return services.find((service) => service.name === name)!.url!;
  }

  /** Revisions, attempts, model versions and Redis, as far as a run may change them. */
  async function everythingKept() {
    const { redis } = application.adapters;
    const keys = (await redis.keys('*')).sort();
    return {
      partitions: await application.services.listPartitions({}),
      models: (await application.services.listModels()).models.map(({ version }) => version),
      redis: await Promise.all(keys.map(async (key) => [key, await redis.dump(key)])),
    };
  }
});

/** Makes the transactions that publish from a date on wait: the worker is in the middle of a chunk then. */
async function holdPublicationsFrom(date: string, { adapters }: Application) {
  const { sql } = adapters.database;
  const key = 20_240_415;
  await sql.unsafe(`
    create function ops.hold() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(${key}); return new; end';
    create trigger hold before update on ops.partition_runs for each row
      when (new.date >= '${date}' and new.status = 'succeeded') execute function ops.hold()`);
  const holder = await sql.reserve();
  await holder`select pg_advisory_lock(${key})`;
  return {
    async isWaiting(): Promise<void> {
      for (;;) {
        const waiting = await sql`
          select from pg_locks where locktype = 'advisory' and objid = ${key} and not granted`;
        if (waiting.length > 0) return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async letGo(): Promise<void> {
      await holder`select pg_advisory_unlock(${key})`;
      holder.release();
      await sql`drop function ops.hold cascade`;
    },
    /** After a kill of Postgres, in which the lock went. */
    async isOver(): Promise<void> {
      await sql`drop function ops.hold cascade`;
    },
  };
}

/** Waits until the activity has heard, by the answer to a heartbeat, that it is cancelled. */
async function chunkKnowsOfPause(id: string, { temporal }: Application): Promise<void> {
  const client = await temporal.client();
  const handle = client.workflow.getHandle(backfillWorkflowId(id));
  const beats = new Set<string>();
  await eventually(
    () => handle.describe(),
    ({ raw }) => {
      const [activity] = raw.pendingActivities ?? [];
      // The first of these heartbeats came before the pause; the last proves that the second was answered.
      if (activity?.lastHeartbeatTime) beats.add(JSON.stringify(activity.lastHeartbeatTime));
      return beats.size > 2;
    },
  );
}

/** The builds of the workers that ran a backfill, as Temporal shows them. */
async function buildsOf(id: string, { temporal }: Application): Promise<string[]> {
  const client = await temporal.client();
  const { events } = await client.workflow.getHandle(backfillWorkflowId(id)).fetchHistory();
  const builds = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: completed }) =>
      completed?.workerVersion?.buildId ?? [],
  );
  return [...new Set(builds)];
}

/** Asks again until the answer is the one waited for; the test's timeout ends it otherwise. */
async function eventually<T>(ask: () => Promise<T>, isIt: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function publishedCount({ adapters }: Application): Promise<number> {
  const rows = await adapters.ledger.list();
  return rows.filter(({ status }) => status === 'succeeded').length;
}

async function undisturbedState() {
  const other = await openTestApplication();
  try {
    await other.services.generate({ ...world, ...range }, quietly);
    await runUndisturbed(other, [range]);
    return await lastingState(other);
  } finally {
    await other.remove();
  }
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** The report of /health, which is 200 whatever it says; parts are flattened into it. */
async function health(apiUrl: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${apiUrl}/health`);
  expect(response.status).toBe(200);
  const { parts, ...report } = (await response.json()) as { parts: object };
  return { ...report, ...parts };
}
