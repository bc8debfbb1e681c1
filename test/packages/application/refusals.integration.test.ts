import { featureSet } from '../../../packages/features/feature-set';
import { createLedger } from '../../../packages/offline-store/ledger';
import { selectDates } from '../../../packages/offline-store/select-dates';
import {
  backfill,
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';

/** Bad input gets one clear error and changes nothing. */
describe('the platform refuses', () => {
  let application: TestApplication;

  beforeAll(async () => {
    application = await openTestApplication();
    const { services } = application;
    await services.generate({ from: '2024-01-01', to: '2024-02-20', users: 30, seed: 1 }, quietly);
    await backfill(application, { from: '2024-02-01', to: '2024-02-05' });
  });

  afterAll(() => application.remove());

  const request = { reprocess: 'missing', knownAt: 'latest', train: false } as const;
  const plan = (change: object) =>
    application.pipelinePorts.planBackfill({
      id: `refused-${JSON.stringify(change)}`,
      request: { from: '2024-02-01', to: '2024-02-10', ...request, ...change },
    });

  it.each([
    [
      'a range that ends before it begins',
      { to: '2024-01-01' },
      'INVALID_DATE_RANGE',
      /ends before/,
    ],
    ['a range in the future', { to: '2024-02-21' }, 'INVALID_DATE_RANGE', /future/],
    ['a range of centuries, at once', { from: '0001-01-01' }, 'INVALID_DATE_RANGE', /are allowed/],
    [
      'a date that does not exist',
      { from: '2024-02-30' },
      'INVALID_DATE_RANGE',
      /February 2024 has 29 days/,
    ],
    [
      'knowledge of the future',
      { knownAt: '2030-01-01' },
      'INVALID_REQUEST',
      /latest moment known/,
    ],
    ['knowledge that is no moment', { knownAt: 'soon' }, 'INVALID_REQUEST', /ISO 8601/],
  ])('a backfill over %s', async (_what, change, code, message) => {
    await expect(plan(change)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('a daily run of a day that has not begun, before K is taken for it', async () => {
    const day = application.pipelinePorts.takeDailyKnowledge('2024-02-22');
    await expect(day).rejects.toMatchObject({ code: 'INVALID_DATE_RANGE' });
    const runs = await application.adapters.database.sql`select date from ops.daily_runs`;
    expect(runs).toHaveLength(0);
  });

  it('training as of a day in the future', async () => {
    const training = application.services.train({ asOf: '2024-02-21' }, quietly);
    await expect(training).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('to train on too little', async () => {
    const training = application.services.train({ asOf: '2024-02-20' }, quietly);
    await expect(training).rejects.toMatchObject({ code: 'NOT_ENOUGH_TRAINING_DATA' });
  });

  it('another world, a gap, and an import into it', async () => {
    const { services } = application;
    const other = services.generate({ from: '2024-02-21', to: '2024-02-21', seed: 2 }, quietly);
    await expect(other).rejects.toMatchObject({ code: 'WORLD_MISMATCH' });
    const gap = services.generate({ from: '2024-02-25', to: '2024-02-25' }, quietly);
    await expect(gap).rejects.toMatchObject({ code: 'GENERATE_GAP' });
    const imported = services.importFolder(
      { folder: 'examples/cdnow', arrival: 'assumed' },
      quietly,
    );
    await expect(imported).rejects.toMatchObject({ code: 'SOURCE_MISMATCH' });
  });

  it('a user who is not known, or not yet', async () => {
    const query = { userId: 'nobody', at: '2024-02-01', knownAt: 'latest' };
    const features = application.services.userFeatures(query);
    await expect(features).rejects.toMatchObject({ code: 'UNKNOWN_USER' });
  });

  it('nothing of a ledger that was lost: the next plan puts it back from the manifests', async () => {
    const ledger = createLedger(application.adapters.database);
    const before = await ledger.list();
    await application.adapters.database.sql`truncate ops.partition_runs`;
    const { planned, skipped } = await plan({ to: '2024-02-05' });
    expect({ planned, skipped }).toEqual({ planned: 0, skipped: 5 });
    const after = await ledger.list();
    expect(after.map(({ manifest }) => manifest)).toEqual(before.map(({ manifest }) => manifest));
    const selection = {
      from: '2024-02-01',
      to: '2024-02-05',
      reprocess: 'all',
      knownAt: 'latest',
    } as const;
    expect(selectDates(selection, after, featureSet)).toHaveLength(5);
  });
});
