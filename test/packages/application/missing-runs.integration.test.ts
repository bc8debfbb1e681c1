import { openTestApplication, type TestApplication } from '../../acceptance/open-test-platform';

describe('daily runs that should have been', () => {
  let application: TestApplication;

  beforeAll(async () => {
    application = await openTestApplication();
    const { sql } = application.adapters.database;
    await sql`
      insert into ops.daily_runs (date, status, started_at) values
        ('2024-06-01', 'succeeded', '2024-06-01T01:00:00Z'),
        ('2024-06-02', 'failed', '2024-06-02T01:00:00Z'),
        ('2024-06-03', 'running', clock_timestamp() - interval '23 hours'),
        ('2024-06-04', 'running', clock_timestamp() - interval '25 hours')`;
  });

  afterAll(() => application.remove());

  it('are missing where they failed, never were, or run for more than a day', async () => {
    const missing = await application.pipelinePorts.findMissingRuns('2024-06-06T04:05:00Z');
    expect(missing).toEqual(['2024-06-02', '2024-06-04', '2024-06-05', '2024-06-06']);
  });

  it('are not expected before 01:00 of their day', async () => {
    const missing = await application.pipelinePorts.findMissingRuns('2024-06-06T00:59:59Z');
    expect(missing).toEqual(['2024-06-02', '2024-06-04', '2024-06-05']);
  });
});
