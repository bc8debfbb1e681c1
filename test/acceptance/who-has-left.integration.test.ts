import { copyFile, rename, stat, writeFile } from 'node:fs/promises';
import { readCodeVersion } from '../../packages/application/models/code-version';
import type { PartitionManifest } from '../../packages/contracts/partitions';
import { copyToParquet, readParquet, type DuckDb } from '../../packages/duckdb/open-duckdb';
import { sha256OfFile } from '../../packages/durable-files/file-hash';
import { datesBetween } from '../../packages/instants/logical-date';
import type { ModelMetadata } from '../../packages/modeling/model-documents';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';
import { importPeople, LISTED_DAY, people } from './subscription-world';
import { catalogueMessage } from '../support/catalogue-message';

const AS_OF = '2024-06-30';
const TRAINING = { from: '2024-03-01', to: '2024-03-31' };
const VALIDATION = { from: '2024-05-01', to: '2024-05-30' };
const RANGES = [TRAINING, VALIDATION, { from: LISTED_DAY, to: LISTED_DAY }];

async function computePartitions(application: TestApplication): Promise<void> {
  for (const range of RANGES) await backfill(application, range);
}

/** What the platform says of the people, one by one. */
async function answers(application: TestApplication) {
  const found = people.map(async ({ user }) => {
    const { eligible, ineligible_reason: reason } = await application.services.predict(user, {
      explain: false,
    });
    return { user, eligible, reason };
  });
  return Promise.all(found);
}

const expectedAnswers = people.map(({ user, reason }) => ({
  user,
  eligible: reason === null,
  reason,
}));

/** Makes a day's partition what a release before the state had made. */
async function forgetState(
  { adapters }: TestApplication,
  date: string,
  duckDb: DuckDb,
): Promise<void> {
  const { ledger, paths, database, featureSet } = adapters;
  const manifest = (await ledger.list({ from: date, to: date }))[0]!.manifest!;
  const files = partitionPaths(paths, date);
  const file = files.revisionFile(manifest.revision);
  const { name } = featureSet.state;
  const old = `SELECT * EXCLUDE ("${name}") FROM ${readParquet([file])}`;
  await duckDb.run(copyToParquet(old, `${file}.old`));
  await rename(`${file}.old`, file);
  await copyFile(file, files.dayFile);
  const { [name]: _, ...definition_hashes } = manifest.definition_hashes;
  const before: PartitionManifest = {
    ...manifest,
    bytes: (await stat(file)).size,
    sha256: await sha256OfFile(file),
    definition_hashes,
  };
  await writeFile(files.manifestFile(manifest.revision), JSON.stringify(before));
  await database.sql`
    update ops.partition_runs set manifest = ${database.sql.json(before as never)}
    where date = ${date}`;
}

describe('people who stay, leave, come back and try', () => {
  let application: TestApplication;
  let model: ModelMetadata;

  beforeAll(async () => {
    application = await openTestApplication();
    await importPeople(application);
    await computePartitions(application);
    model = (await application.services.train({ asOf: AS_OF }, quietly)).metadata;
    await application.services.sync(quietly);
  }, 180_000);

  afterAll(() => application?.remove());

  it('are on the list of users at risk if they can still leave, and nobody else is', async () => {
    const { users } = await application.services.atRisk({ limit: 1_000 });
    const listed = new Set(users.map(({ user_id }) => user_id));
    expect(people.filter(({ user }) => listed.has(user))).toEqual(
      people.filter(({ reason }) => reason === null),
    );
  });

  it('are all predicted, and each is told to be eligible or why not', async () => {
    expect(await answers(application)).toEqual(expectedAnswers);
  });

  it('are learned from while they are subscribed: who had left is counted, not learned', async () => {
    const files = [TRAINING, VALIDATION].flatMap(({ from, to }) =>
      datesBetween(from, to).map(
        (date) => partitionPaths(application.adapters.paths, date).dayFile,
      ),
    );
    const duckDb = await application.adapters.openDuckDb();
    const [counted] = await duckDb.rows<{ eligible: number; left: number; dormant: number }>(
      `SELECT count(*) FILTER (is_subscribed AND sessions_30d > 0)::INTEGER AS eligible,
         count(*) FILTER (NOT is_subscribed)::INTEGER AS "left",
         count(*) FILTER (is_subscribed AND sessions_30d = 0)::INTEGER AS dormant
       FROM ${readParquet(files)}`,
    );
    duckDb.close();
    const { rows, validation_rows, excluded } = model.data;
    expect(counted!.left).toBeGreaterThan(50);
    expect({
      eligible: rows + validation_rows,
      left: excluded.left,
      dormant: excluded.dormant,
    }).toEqual(counted);
    expect(model.eligibility).toBe('is_subscribed and sessions_30d > 0');
  });

  it('teach a model that says which code trained it', async () => {
    expect(model.code_version).toBe(await readCodeVersion());
  });

  it('are compared by drift if they are eligible', async () => {
    const report = await application.services.drift(LISTED_DAY);
    const { users } = await application.services.atRisk({ limit: 1_000 });
    expect(report).toMatchObject({ not_compared: null, eligible_rows: users.length });
  });

  /** The same one, with partitions as they were before there was a state. */
  describe('of an installation from before partitions said who is subscribed', () => {
    beforeAll(async () => {
      const duckDb = await application.adapters.openDuckDb();
      for (const { from, to } of RANGES) {
        for (const date of datesBetween(from, to)) await forgetState(application, date, duckDb);
      }
      duckDb.close();
      await application.adapters.redis.flushdb();
      await application.services.sync(quietly);
    }, 60_000);

    it('still predicts, and does not guess who is eligible', async () => {
      const unknown = people.map(({ user }) => ({ user, eligible: null, reason: null }));
      expect(await answers(application)).toEqual(unknown);
    });

    it('gives no list, trains nothing and compares nothing, and each says what to run', async () => {
      await expect(application.services.atRisk({ limit: 10 })).rejects.toMatchObject({
        code: 'NO_STATE',
        message: expect.stringMatching(catalogueMessage('NO_STATE', { date: LISTED_DAY })),
      });
      await expect(application.services.train({ asOf: AS_OF }, quietly)).rejects.toMatchObject({
        code: 'NOT_ENOUGH_TRAINING_DATA',
        message: expect.stringMatching(
          /61 partitions from 2024-03-01 to 2024-05-30 .*no_state.*`churn backfill --from 2024-03-01 --to 2024-06-29`/,
        ),
      });
      expect(await application.services.drift(LISTED_DAY)).toMatchObject({
        status: 'no_state',
        alerts: [],
        eligible_rows: null,
      });
    });

    it('has all of it after one backfill', async () => {
      await computePartitions(application);
      await application.services.sync(quietly);
      expect(await answers(application)).toEqual(expectedAnswers);
      const { version, isNew } = await application.services.train({ asOf: AS_OF }, quietly);
      expect({ version, isNew }).toEqual({ version: 'v001', isNew: false });
      const { users } = await application.services.atRisk({ limit: 1_000 });
      expect(users.map(({ user_id }) => user_id)).not.toContain('cancelled');
      expect(await application.services.audit('online', quietly)).toMatchObject({
        missing: 0,
        extra: 0,
        mismatched: 0,
      });
      expect((await application.services.drift(LISTED_DAY)).status).not.toBe('no_state');
    }, 60_000);
  });
});
