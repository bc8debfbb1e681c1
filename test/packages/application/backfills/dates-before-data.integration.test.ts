import { parseInstant } from '../../../../packages/instants/epoch-micros';
import { describeDatesBefore } from '../../../../packages/application/backfills/dates-before-data';
import {
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../../acceptance/open-test-platform';

describe('a warning of dates before the data', () => {
  const warned = (firstSignup: string, from: string, to: string) =>
    describeDatesBefore(parseInstant(firstSignup), { from, to });

  it('counts the dates whose midnight is before the first signup', () => {
    expect(warned('2024-02-03T10:00Z', '2024-01-01', '2024-03-31')).toEqual([
      'No user had signed up by 2024-02-03 00:00 UTC: the 34 partitions from 2024-01-01 on are empty. The first signup is 2024-02-03T10:00:00.000000Z.',
    ]);
    expect(warned('2024-02-03T10:00Z', '2024-01-01', '2024-01-31')).toEqual([
      expect.stringMatching(/^No user had signed up by 2024-01-31 00:00 UTC: the 31 partitions/),
    ]);
  });

  it('is of one date where one is asked for', () => {
    expect(warned('2024-02-03T10:00Z', '2024-02-03', '2024-02-03')).toEqual([
      expect.stringMatching(
        /signed up by 2024-02-03 00:00 UTC: the partition of 2024-02-03 is empty\./,
      ),
    ]);
  });

  it('is none from the first date on that has a user', () => {
    expect(warned('2024-02-03T10:00Z', '2024-02-04', '2024-03-31')).toEqual([]);
    expect(warned('2024-02-03T00:00Z', '2024-02-03', '2024-02-03')).toEqual([]);
    expect(warned('2024-02-03T00:00:00.000001Z', '2024-02-03', '2024-02-03')).toHaveLength(1);
  });
});

describe('a plan of a backfill over dates before the data', () => {
  let application: TestApplication;
  beforeAll(async () => {
    application = await openTestApplication();
    const days = { from: '2024-01-01', to: '2024-01-31', users: 50, seed: 1 };
    await application.services.generate(days, quietly);
  });
  afterAll(() => application.remove());

  const plan = (from: string, to: string) =>
    application.services.planBackfill({
      from,
      to,
      reprocess: 'missing',
      knownAt: 'latest',
      train: false,
    });

  it('says so', async () => {
    expect(await plan('2023-12-01', '2023-12-31')).toMatchObject({
      planned: 31,
      warnings: [expect.stringMatching(/signed up by 2023-12-31 00:00 UTC: the 31 partitions/)],
    });
  });

  it('says nothing over dates that have users', async () => {
    expect((await plan('2024-01-30', '2024-01-31')).warnings).toEqual([]);
  });
});
