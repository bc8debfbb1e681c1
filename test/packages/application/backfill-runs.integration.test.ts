import type { Client } from '@temporalio/client';
import { progress } from '../../api/test-api';
import { backfillWorkflowId, dailyWorkflowId } from '../../../packages/contracts/pipeline';
import { createSignal } from '../../workflows/signal';
import {
  createBackfillRuns,
  openLazyTemporal,
  type BackfillRuns,
  type LazyTemporal,
} from '../../../packages/application/backfills/temporal-runs';
import { listBackfills } from '../../../packages/application/backfills/list-backfills';
import { createServices } from '../../../packages/application/services';
import { withLoadLock } from '../../../packages/raw-data/load-lock';
import {
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';

/** As gRPC says it. */
const noPoller = { code: 9, details: 'no poller', metadata: {} };

/** The handle of a workflow that keeps what it is told, and whose cancelling takes its time. */
class FakeWorkflow {
  readonly orders: string[] = [];
  /** How many more questions are answered. */
  answers = Infinity;
  hasWorker = true;
  readonly ended = createSignal();

  result() {
    return this.ended.received;
  }

  async describe() {
    const cancelRequested = this.orders.includes('cancel');
    return {
      status: { name: 'RUNNING' },
      raw: { pendingActivities: [], workflowExtendedInfo: { cancelRequested } },
    };
  }

  async query() {
    if (!this.hasWorker) throw Object.assign(new Error('no poller'), noPoller);
    this.answers -= 1;
    if (this.answers < 0) throw new Error('no answer');
    return { ...progress, status: this.orders.at(-1) === 'pause' ? 'paused' : 'running' };
  }

  async signal(name: string): Promise<void> {
    this.orders.push(name);
  }

  async cancel(): Promise<void> {
    this.orders.push('cancel');
  }
}

/** A real Temporal, where no worker runs what was started. */
describe('backfills', () => {
  let application: TestApplication;
  let backfills: BackfillRuns;

  beforeAll(async () => {
    application = await openTestApplication();
    backfills = createBackfillRuns(application.adapters, application.temporal);
    const { services } = application;
    await services.generate({ from: '2024-01-01', to: '2024-01-31', users: 20, seed: 1 }, quietly);
  });

  afterAll(() => application.remove());

  const request = { reprocess: 'missing', knownAt: 'latest', train: false } as const;
  // More than the pool has connections.
  const startCount = 20;

  it('that ask for the same at the same moment are one, the others attach', async () => {
    const wanted = { ...request, from: '2024-01-10', to: '2024-01-12' };
    const started = await Promise.all(
      Array.from({ length: startCount }, () => backfills.start(wanted)),
    );
    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    expect(started.filter(({ created }) => created)).toHaveLength(1);
    await terminate(started[0]!.id);
  });

  it('that ask for the same as one that an earlier release started attach to it', async () => {
    const wanted = { ...request, from: '2024-01-18', to: '2024-01-19' };
    const { id } = await backfills.start(wanted);
    await application.adapters.database.sql`
      update ops.backfills set plan = jsonb_set(plan, '{request,reprocess}', '"none"')
      where id = ${id}`;
    expect(await backfills.start(wanted)).toEqual({
      id,
      status: 'running',
      created: false,
      warnings: [],
    });
    await terminate(id);
  });

  it('are told which load holds them up, all of them after five seconds', async () => {
    const wanted = { ...request, from: '2024-01-10', to: '2024-01-12' };
    await withLoadLock(application.adapters.database, { source: 'import' }, async () => {
      const begun = performance.now();
      const asked = Array.from({ length: startCount }, (_, index) =>
        index % 2 === 0 ? backfills.plan(wanted) : backfills.start(wanted),
      );
      const answers = await Promise.allSettled(asked);
      expect(performance.now() - begun).toBeLessThan(8_000);
      expect(answers).toEqual(
        answers.map(() => ({
          status: 'rejected',
          reason: expect.objectContaining({
            code: 'LOAD_RUNNING',
            details: expect.objectContaining({ source: 'import' }),
          }),
        })),
      );
    });
  });

  it('warn of dates before the data as they are started', async () => {
    const { id, warnings } = await backfills.start({
      ...request,
      from: '2023-12-30',
      to: '2023-12-31',
    });
    expect(warnings).toEqual([
      expect.stringMatching(/signed up by 2023-12-31 00:00 UTC: the 2 partitions/),
    ]);
    await terminate(id);
  });

  it('that overlap are refused but for the first, also at the same moment', async () => {
    const results = await Promise.allSettled([
      backfills.start({ ...request, from: '2024-01-20', to: '2024-01-22' }),
      backfills.start({ ...request, from: '2024-01-22', to: '2024-01-24' }),
    ]);
    const [winner] = results.filter((result) => result.status === 'fulfilled');
    const [loser] = results.filter((result) => result.status === 'rejected');
    expect(loser?.reason).toMatchObject({ code: 'BACKFILL_OVERLAP' });
    await terminate(winner!.value.id);
  });

  it('have failed where their workflow was terminated, and can be told nothing any more', async () => {
    const wanted = { ...request, from: '2024-01-15', to: '2024-01-16' };
    const { id } = await backfills.start(wanted);
    await terminate(id);
    expect(await backfills.progress(id)).toMatchObject({ status: 'failed', succeeded: 0 });
    for (const tell of [backfills.pause, backfills.resume, backfills.cancel]) {
      await expect(tell(id)).rejects.toMatchObject({
        code: 'BACKFILL_ENDED',
        details: { id, status: 'failed' },
      });
    }
    const again = await backfills.start(wanted);
    expect(again.created).toBe(true);
    const listed = await listBackfills(application.adapters, backfills);
    expect(listed[0]).toMatchObject({ id: again.id, status: 'running' });
    expect(listed).toContainEqual(expect.objectContaining({ id, status: 'failed' }));
    await terminate(again.id);
  });

  it('have failed where Temporal has lost them, unless their start may be under way', async () => {
    const { id } = await backfills.start({ ...request, from: '2024-01-13', to: '2024-01-14' });
    await terminate(id);
    const { sql } = application.adapters.database;
    const lost = `${id}-lost`;
    await sql`update ops.backfills set id = ${lost} where id = ${id}`;
    const orders = [backfills.pause, backfills.resume, backfills.cancel];
    expect(await backfills.progress(lost)).toMatchObject({ status: 'running' });
    for (const tell of orders) {
      await expect(tell(lost)).rejects.toMatchObject({ code: 'BACKFILL_NOT_FOUND' });
    }
    await sql`update ops.backfills set created_at = created_at - interval '1 minute' where id = ${lost}`;
    expect(await backfills.progress(lost)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining("Temporal's data was lost") as string,
    });
    for (const tell of orders) {
      await expect(tell(lost)).rejects.toMatchObject({ code: 'BACKFILL_ENDED' });
    }
  });

  describe('that are told the same again', () => {
    let id: string;
    let workflow: FakeWorkflow;
    let runs: BackfillRuns;
    let temporal: LazyTemporal;

    beforeAll(async () => {
      ({ id } = await backfills.start({ ...request, from: '2024-01-25', to: '2024-01-26' }));
    });
    beforeEach(() => {
      workflow = new FakeWorkflow();
      const withDeadline = (_deadline: number, work: () => unknown) => work();
      const client = { workflow: { getHandle: () => workflow }, withDeadline } as unknown as Client;
      temporal = { ...application.temporal, client: async () => client };
      runs = createBackfillRuns(application.adapters, temporal);
    });
    afterAll(() => terminate(id));

    const told = async (tell: BackfillRuns['pause']) => {
      const { status, changed } = await tell(id);
      return [status, changed];
    };

    it('change once, and say so', async () => {
      expect([await told(runs.pause), await told(runs.pause)]).toEqual([
        ['paused', true],
        ['paused', false],
      ]);
      expect([await told(runs.resume), await told(runs.resume)]).toEqual([
        ['running', true],
        ['running', false],
      ]);
      expect([await told(runs.cancel), await told(runs.cancel)]).toEqual([
        ['running', true],
        ['running', false],
      ]);
      for (const tell of [runs.pause, runs.resume]) {
        await expect(tell(id)).rejects.toMatchObject({
          code: 'BACKFILL_ENDED',
          details: { id, status: 'being cancelled' },
        });
      }
      expect(workflow.orders).toEqual(['pause', 'resume', 'cancel']);
    });

    it('are attached to as what they are', async () => {
      await runs.pause(id);
      const wanted = { ...request, from: '2024-01-25', to: '2024-01-26' };
      expect(await runs.start(wanted)).toMatchObject({ id, status: 'paused', created: false });
    });

    it('say to the command that waits for them that they are paused, and how to resume them', async () => {
      await runs.pause(id);
      const { adapters } = application;
      const services = createServices(adapters, temporal, runs);
      const notes: string[] = [];
      const note = (text: string) => {
        notes.push(text);
        workflow.ended.send();
      };
      const wanted = { ...request, from: '2024-01-25', to: '2024-01-26' };
      await services.backfill(wanted, { ...quietly, note });
      expect(notes).toEqual([expect.stringContaining(`run \`churn backfills resume ${id}\``)]);
    });

    it('answer what they were told, also where asking for the progress then fails', async () => {
      workflow.answers = 1;
      expect(await told(runs.pause)).toEqual(['paused', true]);
    });

    it('are told it where no worker says what they are doing', async () => {
      await runs.pause(id);
      workflow.hasWorker = false;
      expect(await told(runs.resume)).toEqual(['running', true]);
      expect(await told(runs.pause)).toEqual(['paused', true]);
      expect(await told(runs.cancel)).toEqual(['running', true]);
      expect(workflow.orders).toEqual(['pause', 'resume', 'pause', 'cancel']);
    });

    it('are told nothing where Temporal does not answer', async () => {
      workflow.answers = 0;
      await expect(runs.pause(id)).rejects.toThrow('no answer');
      expect(workflow.orders).toEqual([]);
    });
  });

  it('that no worker runs say so, and how many dates are done', async () => {
    const { id } = await backfills.start({ ...request, from: '2024-01-25', to: '2024-01-27' });
    const { ledger } = application.adapters;
    const claim = await ledger.claim('2024-01-25', id);
    const checked = { batch: 1, at: '2024-01-31T01:00:00.000000Z' };
    await ledger.release(claim!, { status: 'succeeded', checked });
    expect(await backfills.progress(id)).toMatchObject({
      status: 'running',
      planned: 3,
      succeeded: 1,
      reason: expect.stringMatching(/^No worker has answered/) as string,
    });
    await terminate(id);
  });

  it.each([
    ['a backfill', () => ({ ...request, from: '2024-01-29', to: '2024-01-29' })],
    ['a daily run', () => '2024-01-30'],
  ])(
    'and runs that no worker answers for are said to be so by the command that waits: %s',
    async (_, of) => {
      const { services } = application;
      const noted = createSignal();
      const notes: string[] = [];
      const note = (text: string) => {
        notes.push(text);
        noted.send();
      };
      const asked = of();
      const waiting =
        typeof asked === 'string'
          ? services.runDay(asked, { ...quietly, note })
          : services.backfill(asked, { ...quietly, note });
      const settled = waiting.catch(() => undefined);
      await noted.received;
      expect(notes).toEqual([expect.stringMatching(/^No worker has answered/)]);
      const client = await application.temporal.client();
      const [running] = await application.adapters.database.sql<{ id: string }[]>`
      select id from ops.backfills where from_date = '2024-01-29'`;
      const id =
        typeof asked === 'string' ? dailyWorkflowId(asked) : backfillWorkflowId(running!.id);
      await client.workflow.getHandle(id).terminate();
      await settled;
    },
  );

  it('can not be started in a namespace that is not there, which is said as such', async () => {
    const temporal = openLazyTemporal({
      address: process.env.TEST_TEMPORAL_ADDRESS!,
      namespace: 'nowhere',
    });
    const runs = createBackfillRuns(application.adapters, temporal);
    const wanted = { ...request, from: '2024-01-28', to: '2024-01-28' };
    await expect(runs.start(wanted)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      details: { variable: 'TEMPORAL_NAMESPACE' },
    });
    await temporal.close();
  });

  it('can not be asked for while Temporal is away, which is said as such', async () => {
    const { id } = await backfills.start({ ...request, from: '2024-01-17', to: '2024-01-17' });
    const away = async () => {
      const client = await application.temporal.client();
      client.workflow.getHandle = () => {
        const describe = () =>
          client.connection.withDeadline(Date.now() - 1, () => client.workflow.count('') as never);
        return { describe } as never;
      };
      return client;
    };
    const runs = createBackfillRuns(application.adapters, {
      ...application.temporal,
      client: away,
    });
    await expect(runs.progress(id)).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
    await terminate(id);
  });

  async function terminate(id: string): Promise<void> {
    const client = await application.temporal.client();
    await client.workflow.getHandle(backfillWorkflowId(id)).terminate();
  }
});
