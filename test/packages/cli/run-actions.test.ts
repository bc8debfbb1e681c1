import { backfillAction, partitionsAction } from '../../../packages/cli/actions/run-actions';
import type { CommandContext } from '../../../packages/cli/command-context';

const contextOf = (services: object) =>
  ({ application: () => Promise.resolve({ services }) }) as unknown as CommandContext;

describe('a backfill at the command line', () => {
  const request = {
    from: '2024-01-01',
    to: '2024-01-03',
    reprocess: 'missing',
    knownAt: 'latest',
    train: false,
  } as const;
  const done = {
    id: 'b1',
    status: 'succeeded',
    known_at: '2024-02-01T00:00:00.000000Z',
    planned: 3,
    succeeded: 3,
    skipped: 0,
    failed: [],
    errors: [],
    reason: null,
    warnings: [],
  };
  const head = 'Backfill b1: succeeded, as known at 2024-02-01T00:00:00.000000Z\n3 planned';
  const failed = {
    ...done,
    status: 'failed',
    succeeded: 2,
    failed: ['2024-01-02'],
    errors: [{ date: '2024-01-02', error: 'CORRUPT_PARTITION: x' }],
  };
  const ofOneDate = 'Failed: 2024-01-02\n  2024-01-02: CORRUPT_PARTITION: x';
  const asWhole = { ...done, status: 'failed', succeeded: 0, reason: 'sync: REDIS_UNAVAILABLE' };

  it.each([
    [
      'says nothing more where all is well',
      done,
      `${head}, 3 succeeded, 0 skipped, 0 failed`,
      false,
    ],
    ['says why dates have failed', failed, `2 succeeded, 0 skipped, 1 failed\n${ofOneDate}`, true],
    ['says why it failed as a whole', asWhole, '0 failed\nReason: sync: REDIS_UNAVAILABLE', true],
    ['has failed where it was cancelled', { ...done, status: 'cancelled' }, '0 failed', true],
  ])('%s', async (_what, report, end, hasFailed) => {
    const context = contextOf({ backfill: () => Promise.resolve(report) });
    const result = await backfillAction({ request, dryRun: false }, context);
    expect(result).toMatchObject({ document: report, hasFailed });
    expect(result.text.endsWith(end)).toBe(true);
  });

  it('has not failed where it was only planned', async () => {
    const plan = { ...done, status: 'dry-run', succeeded: 0 };
    const context = contextOf({ planBackfill: () => Promise.resolve(plan) });
    expect(await backfillAction({ request, dryRun: true }, context)).toMatchObject({
      document: plan,
      hasFailed: false,
    });
  });
});

describe('the list of partitions', () => {
  const row = {
    date: '2024-01-01',
    status: 'succeeded',
    revision: 1,
    knowledge: 'latest',
    known_at: '2024-02-01T00:00:00.000000Z',
    rows: 9,
    attempt: 1,
    reason: 'backfill',
    error: null,
  };

  it('says below the table why dates have failed, and nothing of errors that are past', async () => {
    const partitions = [
      { ...row, error: 'an earlier attempt' },
      { ...row, date: '2024-01-02', status: 'failed', error: 'CORRUPT_PARTITION: x' },
    ];
    const context = contextOf({ listPartitions: () => Promise.resolve(partitions) });
    const { document, text } = await partitionsAction({}, context);
    expect(document).toEqual({ partitions });
    expect(text).toMatch(/2024-01-02 +failed .*\n2024-01-02 failed: CORRUPT_PARTITION: x$/);
    expect(text).not.toContain('an earlier attempt');
  });
});
