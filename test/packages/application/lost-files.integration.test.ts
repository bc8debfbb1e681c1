import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import type { ApplicationObserver } from '../../../packages/application/open/application-observer';
import {
  backfill,
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';
import { baseFacts, lateFacts, writeFolder } from '../offline-store/late-facts';

const RANGE = { from: '2025-03-05', to: '2025-03-08' };

describe('a daily run after files were lost', () => {
  let application: TestApplication;
  const alertsTold: string[] = [];
  const publishedBy: string[] = [];
  const observer: ApplicationObserver = {
    alertRaised: ({ kind, severity }) => alertsTold.push(`${kind} ${severity}`),
    partitionPublished: (by) => publishedBy.push(by),
  };

  beforeAll(async () => {
    application = await openTestApplication({ observer });
    const folder = writeFolder(path.join(application.dataDir, 'first'), baseFacts());
    await application.services.importFolder({ folder, arrival: 'assumed' }, quietly);
    await backfill(application, RANGE);
  });
  afterAll(() => application.remove());

  async function runDay(date: string) {
    const { pipelinePorts } = application;
    const knowledge = await pipelinePorts.takeDailyKnowledge(date);
    return pipelinePorts.computeDay({ date, runId: `daily-${date}`, knowledge }, quietly);
  }
  const alerts = () => {
    const file = path.join(application.dataDir, 'logs', 'alerts.jsonl');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const pathsOf = (date: string) => partitionPaths(application.adapters.paths, date);
  const audit = () => application.services.audit('offline', quietly);
  const wrong = { missing: 0, extra: 0, mismatched: 0 };

  it('says nothing where nothing was lost', async () => {
    await runDay('2025-03-09');
    expect(alerts()).toEqual([]);
    expect(publishedBy).toEqual(['backfill', 'backfill', 'backfill', 'backfill', 'daily']);
  });

  it('puts all days back, and says so', async () => {
    rmSync(application.adapters.paths.features, { recursive: true });
    truncateSync(pathsOf('2025-03-06').revisionFile(1), 99);
    await runDay('2025-03-10');
    expect(await audit()).toMatchObject({ equal: 6, ...wrong });
    expect(alerts()).toMatchObject([
      {
        key: 'lost-files/2025-03-10',
        kind: 'lost-files',
        severity: 'warning',
        message: expect.stringMatching(
          /5 published partitions .* from 2025-03-05 to 2025-03-09\. All are/,
        ),
        details: { dates: 5, unrepaired: [] },
      },
    ]);
  });

  it('names a damaged segment of the raw log, and succeeds once that was repaired', async () => {
    const { rawLog } = application.adapters.paths;
    const segment = path.join(rawLog, 'batch=000001', 'user_events.parquet');
    const bytes = readFileSync(segment);
    const footer = bytes.readUInt32LE(bytes.length - 8) + 8;
    // Rows without the frame that Parquet begins and ends with; the size stays.
    writeFileSync(segment, bytes.fill(0xff, 4, bytes.length - footer));
    await expect(runDay('2025-03-12')).rejects.toMatchObject({
      code: 'CORRUPT_FILE',
      message: expect.stringContaining('raw_log/batch=000001/user_events.parquet'),
    });
    const repair = await application.services.repairRaw();
    expect(repair.found[0]).toMatch(/^damaged raw_log\/batch=000001\/user_events\.parquet/);
    expect(repair.audit).toMatchObject(wrong);
    expect(await runDay('2025-03-12')).toMatchObject({ published: { revision: 1 } });
  });

  it('puts back a ledger that was lost, whose revisions are counted on', async () => {
    const { ledger, database } = application.adapters;
    const before = (await ledger.list()).map(({ date }) => date);
    await database.sql`truncate ops.partition_runs`;
    const late = lateFacts['a session of a user who was silent']!;
    const folder = writeFolder(path.join(application.dataDir, 'late'), [late]);
    await application.services.importFolder({ folder, arrival: 'assumed' }, quietly);
    const { restated } = await runDay('2025-03-13');
    expect(restated).toContainEqual(expect.objectContaining({ date: '2025-03-05', revision: 2 }));
    const after = await ledger.list();
    expect(after.map(({ date }) => date).slice(0, -1)).toEqual(before);
  });

  it('says what it could not put back, and goes on', async () => {
    // Under both of its names.
    truncateSync(pathsOf('2025-03-07').dayFile, 99);
    await application.adapters.database.sql`
      update ops.partition_runs set manifest = jsonb_set(manifest, '{writer_version}', '"other"')
      where date = '2025-03-07'`;
    expect(await runDay('2025-03-11')).toMatchObject({ published: { revision: 1 } });
    expect(alerts().at(-1)).toMatchObject({
      key: 'lost-files/2025-03-11',
      severity: 'critical',
      details: {
        dates: 1,
        unrepaired: expect.arrayContaining([expect.stringContaining('by another writer')]),
      },
    });
  });

  it('tells whoever counts of every new alert, whatever raised it, and of what was published', async () => {
    expect(alertsTold).toEqual(['lost-files warning', 'lost-files critical']);
    const { adapters, pipelinePorts } = application;
    await adapters.database.sql`
      update ops.partition_runs set manifest = jsonb_set(manifest, '{schema_hash}', '"other"')
      where date = '2025-03-11'`;
    const drift = { date: '2025-03-11', championVersion: null };
    await pipelinePorts.detectDrift(drift, quietly);
    await pipelinePorts.detectDrift(drift, quietly);
    expect(alertsTold.slice(2)).toEqual(['schema critical']);

    const before = publishedBy.length;
    await backfill(application, { from: '2025-03-05', to: '2025-03-06', reprocess: 'all' });
    expect(publishedBy.slice(before)).toEqual([]);
  });
});
