import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import {
  backfill,
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';
import { baseFacts, lateFacts, writeFolder } from '../offline-store/late-facts';
import { moveBack } from '../local-services/data-layout/former-store';

const RANGE = { from: '2025-03-05', to: '2025-03-08' };
const late = lateFacts['a session of a user who was silent']!;

describe('a directory whose revisions lie where an earlier release kept them', () => {
  let application: TestApplication;

  beforeAll(async () => {
    application = await openTestApplication();
    await load('first', baseFacts());
    await backfill(application, RANGE);
    await load('second', [...baseFacts(), late]);
    await application.services.restate({ dryRun: false }, quietly);
    moveBack(application.adapters.paths);
  });

  afterAll(() => application.remove());

  function load(name: string, facts: Parameters<typeof writeFolder>[1]) {
    const folder = writeFolder(path.join(application.dataDir, name), facts);
    return application.services.importFolder({ folder, arrival: 'assumed' }, quietly);
  }

  const former = () => application.adapters.paths.formerFeatureRevisions;
  const revisions = async () =>
    (await application.services.listPartitions(RANGE)).map(({ date, revision }) => [
      date,
      revision,
    ]);
  const clean = { equal: 8, missing: 0, extra: 0, mismatched: 0, not_comparable: 0, examples: [] };

  it('is read there, and left as it is', async () => {
    expect(await application.services.audit('offline', quietly)).toEqual(clean);
    await application.services.sync(quietly);
    expect(await application.services.audit('online', quietly)).toMatchObject({
      equal: 4,
      mismatched: 0,
    });
    expect(existsSync(former())).toBe(true);
    expect(existsSync(application.adapters.paths.featureRevisions)).toBe(false);
  });

  it('is read in both places where only a part was moved', async () => {
    const { featureRevisions } = application.adapters.paths;
    for (const file of ['day=05/rev-0001.parquet', 'day=06/rev-0001.json']) {
      const inMonth = path.join('year=2025', 'month=03', file);
      mkdirSync(path.dirname(path.join(featureRevisions, inMonth)), { recursive: true });
      renameSync(path.join(former(), inMonth), path.join(featureRevisions, inMonth));
    }
    expect(await application.services.audit('offline', quietly)).toEqual(clean);
  });

  it('gives a ledger that was lost its rows back', async () => {
    const before = await revisions();
    await application.adapters.database.sql`truncate ops.partition_runs`;
    await application.services.planBackfill({
      ...RANGE,
      reprocess: 'missing',
      knownAt: 'latest',
      train: false,
    });
    expect(await revisions()).toEqual(before);
    expect(before.map(([, revision]) => revision)).toContain(2);
  });

  it('is moved by the first that publishes, and audited the same', async () => {
    await backfill(application, { ...RANGE, reprocess: 'all' });
    expect(existsSync(former())).toBe(false);
    expect(await application.services.audit('offline', quietly)).toEqual(clean);
  });
});
