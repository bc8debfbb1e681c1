import { backfillWorkflowId } from '../../../packages/contracts';
import { createBackfillRuns, type BackfillRuns } from '../../../packages/platform/temporal-runs';
import { openTestPlatform, quietly, type TestPlatform } from '../../acceptance/open-test-platform';

/** Starts on a real Temporal, where no worker runs what was started. */
describe('backfills that are started at the same moment', () => {
  let platform: TestPlatform;
  let backfills: BackfillRuns;

  beforeAll(async () => {
    platform = await openTestPlatform();
    backfills = createBackfillRuns(platform.adapters, platform.temporal);
    const { jobs } = platform;
    await jobs.generate({ from: '2024-01-01', to: '2024-01-31', users: 20, seed: 1 }, quietly);
  });

  afterAll(() => platform.remove());

  const request = { reprocess: 'none', knownAt: 'latest', train: false } as const;
  // More than the pool has connections.
  const startCount = 20;

  it('start once where they ask for the same, the others attach', async () => {
    const wanted = { ...request, from: '2024-01-10', to: '2024-01-12' };
    const started = await Promise.all(
      Array.from({ length: startCount }, () => backfills.start(wanted)),
    );
    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    expect(started.filter(({ created }) => created)).toHaveLength(1);
    await terminate(started[0]!.id);
  });

  it('start one of two that overlap and refuse the other', async () => {
    const results = await Promise.allSettled([
      backfills.start({ ...request, from: '2024-01-20', to: '2024-01-22' }),
      backfills.start({ ...request, from: '2024-01-22', to: '2024-01-24' }),
    ]);
    const [winner] = results.filter((result) => result.status === 'fulfilled');
    const [loser] = results.filter((result) => result.status === 'rejected');
    expect(loser?.reason).toMatchObject({ code: 'BACKFILL_OVERLAP' });
    await terminate(winner!.value.id);
  });

  async function terminate(id: string): Promise<void> {
    const client = await platform.temporal.client();
    await client.workflow.getHandle(backfillWorkflowId(id)).terminate();
  }
});
