import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';

const DATES = ['2024-02-01', '2024-02-02', '2024-02-03'];

describe('late data in one load after another', () => {
  let application: TestApplication;

  beforeAll(async () => {
    application = await openTestApplication();
    const events = 'e1,a,s1,login,2024-01-05\ne2,a,s2,login,2024-04-20\n';
    await load('first', 'a,2024-01-01,free\n', events);
    await backfill(application, { from: DATES[0]!, to: DATES.at(-1)! });
  }, 120_000);

  afterAll(() => application?.remove());

  async function load(name: string, users: string, events: string): Promise<void> {
    const folder = path.join(application.dataDir, name);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'users.csv'), `user_id,signup_time,plan\n${users}`);
    const header = 'event_id,user_id,session_id,event_type,event_time\n';
    writeFileSync(path.join(folder, 'user_events.csv'), header + events);
    await application.services.importFolder({ folder, arrival: 'assumed' }, quietly);
  }

  async function restatedBy(runId: string): Promise<string[]> {
    const report = await application.pipelinePorts.restatePartitions(
      { dryRun: false, runId },
      quietly,
    );
    return report.restated.map(({ date, revision }) => `${date} ${revision}`);
  }

  it('is restated by each run, and by no retry of it again', async () => {
    await load('late', '', 'l1,a,s3,view,2024-01-20\n');
    expect(await restatedBy('one')).toEqual(DATES.map((date) => `${date} 2`));
    await load('later', '', 'l2,a,s4,view,2024-01-21\n');
    expect(await restatedBy('two')).toEqual(DATES.map((date) => `${date} 3`));
    expect(await restatedBy('two')).toEqual([]);
  }, 120_000);

  it('reaches the online store with the next call where one was stopped before that', async () => {
    await restatedBy('stopped before its sync');
    const { redis } = application.adapters;
    await redis.flushdb();
    const again = await application.services.restate({ dryRun: false }, quietly);
    expect(again.restated).toEqual([]);
    expect(await redis.dbsize()).toBeGreaterThan(0);
  }, 60_000);
});
