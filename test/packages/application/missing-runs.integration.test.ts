import { openTestApplication, type TestApplication } from '../../acceptance/open-test-platform';

describe('daily runs that should have succeeded', () => {
  let application: TestApplication;

  beforeAll(async () => {
    application = await openTestApplication();
  });

  afterAll(() => application.remove());

  const unfinished = (now: string, scheduledSince?: string) =>
    application.pipelinePorts.findUnfinishedRuns({ now, scheduledSince });

  it('are expected from the first nominal time of the Schedule on, where no run has ever been', async () => {
    const created = '2024-06-03T01:00:00.001Z';
    expect(await unfinished('2024-06-04T00:59:59Z', created)).toEqual([]);
    expect(await unfinished('2024-06-05T04:05:00Z', created)).toEqual(['2024-06-04', '2024-06-05']);
    expect(await unfinished('2024-06-03T04:05:00Z', '2024-06-03T01:00:00Z')).toEqual([
      '2024-06-03',
    ]);
  });

  it('are not expected where there is neither a run nor a Schedule', async () => {
    expect(await unfinished('2024-06-05T04:05:00Z')).toEqual([]);
  });

  describe('after the first ones', () => {
    beforeAll(async () => {
      const { sql } = application.adapters.database;
      await sql`
        insert into ops.daily_runs (date, status, started_at) values
          ('2024-06-01', 'succeeded', '2024-06-01T01:00:00Z'),
          ('2024-06-02', 'failed', '2024-06-02T01:00:00Z'),
          ('2024-06-04', 'running', clock_timestamp())`;
    });

    it('have not where they failed, never were, or may be running', async () => {
      expect(await unfinished('2024-06-06T04:05:00Z')).toEqual([
        '2024-06-02',
        '2024-06-03',
        '2024-06-04',
        '2024-06-05',
        '2024-06-06',
      ]);
    });

    it('are not expected before 01:00 of their day', async () => {
      expect((await unfinished('2024-06-06T00:59:59Z')).at(-1)).toBe('2024-06-05');
    });

    it('are expected from the creation of the Schedule on, where that came first', async () => {
      expect(await unfinished('2024-06-01T04:05:00Z', '2024-05-30T12:00:00Z')).toEqual([
        '2024-05-31',
      ]);
    });

    it('are looked for in the last seven days', async () => {
      expect(await unfinished('2024-06-30T04:05:00Z')).toHaveLength(7);
    });
  });
});
