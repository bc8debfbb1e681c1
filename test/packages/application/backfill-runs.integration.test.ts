import { backfillWorkflowId } from '../../../packages/contracts/pipeline';
import {
  createBackfillRuns,
  type BackfillRuns,
} from '../../../packages/application/backfills/temporal-runs';
import {
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';

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

  it('warn of dates before the data as they are started', async () => {
    const { id, warnings } = await backfills.start({
      ...request,
      from: '2023-12-30',
      to: '2023-12-31',
    });
    expect(warnings).toEqual([expect.stringMatching(/signed up by 2023-12-31: the 2 partitions/)]);
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
      expect(await tell(id)).toMatchObject({ status: 'failed' });
    }
    const again = await backfills.start(wanted);
    expect(again.created).toBe(true);
    await terminate(again.id);
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
