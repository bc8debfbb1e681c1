import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readParquet } from '../../packages/duckdb/open-duckdb';
import { addDays, datesBetween } from '../../packages/instants/logical-date';
import type { ModelArtifact } from '../../packages/modeling/model-documents';
import type { TrainedVersion } from '../../packages/modeling/training/train-model';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { publishedPartitions } from '../../packages/application/partitions/partition-services';
import { servedFeatures } from '../../packages/application/models/served-features';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';
import { importTables, importWorld, ticketWorld } from './ticket-world';

const AS_OF = '2024-06-30';
const TRAINING = { from: '2024-03-01', to: '2024-03-31' };
const VALIDATION = { from: '2024-05-01', to: '2024-05-30' };
/** Made by a daily run; the other days by a backfill. */
const DAILY = VALIDATION.to;
const DAYS = [TRAINING, VALIDATION].flatMap(({ from, to }) => datesBetween(from, to));
const ARRIVED = '2024-06-20T00:00:00Z';
const world = ticketWorld(60);

/** Failed payments of March and May that arrive in June: they change features and no label. */
const latePayments = world.users
  .slice(0, 30)
  .flatMap((user, index) => [
    `late-a${index},${user},charge_failed,5,2024-03-02T12:00:00Z,${ARRIVED}`,
    `late-b${index},${user},charge_failed,5,2024-05-29T12:00:00Z,${ARRIVED}`,
  ]);
/** Cancellations of April that arrive in June: they change labels and the state, and no feature. */
const lateCancellations = world.users
  .slice(0, 30)
  .map(
    (user, i) => `late-c${i},${user},subscription_cancelled,0.01,2024-04-05T12:00:00Z,${ARRIVED}`,
  );

const billing = (lines: readonly string[]) => ({
  billing_events: ['event_id,user_id,event_type,amount,event_time,ingested_at', ...lines],
});

describe('training after late data', () => {
  let application: TestApplication;
  let first: TrainedVersion;
  let afterPayments: TrainedVersion;
  let afterCancellations: TrainedVersion;

  beforeAll(async () => {
    application = await openTestApplication();
    await importWorld(application, world);
    await backfill(application, TRAINING);
    await backfill(application, { ...VALIDATION, to: addDays(DAILY, -1) });
    const knowledge = await application.pipelinePorts.takeDailyKnowledge(DAILY);
    const day = { date: DAILY, runId: 'daily', knowledge };
    await application.pipelinePorts.computeDay(day, quietly);
    first = await application.services.train({ asOf: AS_OF }, quietly);

    await importTables(application, billing(latePayments));
    await application.services.restate({ dryRun: false }, quietly);
    afterPayments = await application.services.train({ asOf: AS_OF }, quietly);

    await importTables(application, billing(lateCancellations));
    await application.services.restate({ dryRun: false }, quietly);
    afterCancellations = await application.services.train({ asOf: AS_OF }, quietly);
  }, 120_000);

  afterAll(() => application?.remove());

  /** Means of the eligible rows of March: features of one revision, labels of another. */
  async function meansOfMarch(featuresOf: 'first' | 'current') {
    const { paths } = application.adapters;
    const files = datesBetween(TRAINING.from, TRAINING.to).map((date) => {
      const ofDate = partitionPaths(paths, date);
      const { dayFile: labels } = ofDate;
      return { features: featuresOf === 'first' ? ofDate.revisionFile(1) : labels, labels };
    });
    const duckDb = await application.adapters.openDuckDb();
    const [means] = await duckDb.rows<{ failed: number; churned: number; rows: bigint }>(
      `SELECT avg(f.failed_payments_30d) AS failed, avg(l.label_churned_30d::INTEGER) AS churned,
         count(*) AS rows
       FROM ${readParquet(files.map(({ features }) => features))} AS f
       JOIN ${readParquet(files.map(({ labels }) => labels))} AS l USING (user_id, feature_time)
       WHERE f.is_subscribed AND f.sessions_30d > 0`,
    );
    duckDb.close();
    return means!;
  }

  async function artifactOf(version: string): Promise<ModelArtifact> {
    const file = path.join(application.adapters.paths.models, version, 'model.json');
    return JSON.parse(await readFile(file, 'utf8')) as ModelArtifact;
  }

  it('changes the partitions, and not what a model learns where no label changed', async () => {
    expect((await meansOfMarch('current')).failed).toBeGreaterThan(
      (await meansOfMarch('first')).failed + 0.1,
    );
    expect(first).toMatchObject({ version: 'v001', isNew: true });
    expect(afterPayments).toMatchObject({ version: 'v001', isNew: false });
  });

  it('learns restated labels on the features that were served', async () => {
    const { version, isNew, metadata } = afterCancellations;
    expect({ version, isNew }).toEqual({ version: 'v002', isNew: true });
    const expected = await meansOfMarch('first');
    const { feature_names: names, means } = await artifactOf(version);
    expect(means[names.indexOf('failed_payments_30d')]).toBeCloseTo(expected.failed, 12);
    expect(metadata.data.rows).toBe(Number(expected.rows));
    expect(metadata.data.base_rate).toBeCloseTo(expected.churned, 12);
    expect(metadata.data.base_rate).toBeGreaterThan(first.metadata.data.base_rate);
  });

  it('says so in metadata.json: K, S, L and its S, all in all and day by day', () => {
    const { knowledge, partitions } = afterCancellations.metadata.data;
    expect(knowledge.features).toMatchObject({
      kinds: { 'as-served': DAYS.length },
      as_served: DAYS.length,
      known_at: { min: '2024-03-01T01:00:00.000000Z' },
      batch: { min: 1, max: 3 },
    });
    expect(knowledge.labels.batch.max).toBe(3);
    const backfilled = partitions.find(({ date }) => date === '2024-03-10');
    expect(backfilled).toMatchObject({
      known_at: '2024-03-10T01:00:00.000000Z',
      batch: 3,
      label_batch: 3,
      features_revision: null,
      features_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('reads what a daily run served from its revision, which is still there', () => {
    const daily = (trained: TrainedVersion) =>
      trained.metadata.data.partitions.find(({ date }) => date === DAILY)!;
    expect(daily(first)).toMatchObject({ revision: 1, batch: 1 });
    expect(daily(first)).not.toHaveProperty('features_revision');
    const { known_at, batch, sha256 } = daily(first);
    expect(daily(afterCancellations)).toMatchObject({
      revision: 3,
      features_revision: 1,
      features_sha256: sha256,
      known_at,
      batch,
      label_batch: 3,
    });
  });

  it('leaves nothing in the folder for scratch', async () => {
    const { scratch } = application.adapters.paths;
    const duckDb = await application.adapters.openDuckDb();
    const left = await duckDb.rows(`SELECT * FROM glob('${scratch}/as-served-*/*')`);
    duckDb.close();
    expect(left).toEqual([]);
  });
});

describe('a history that was loaded after its time', () => {
  it('was never served: its days have no such features, and keep those of their partitions', async () => {
    const application = await openTestApplication();
    try {
      await importWorld(application, ticketWorld(5), 'now');
      await backfill(application, { from: '2024-03-01', to: '2024-03-03' });
      const partitions = await publishedPartitions(application.adapters);
      expect(partitions.map(({ manifest }) => manifest.rows)).toEqual([5, 5, 5]);
      const folder = application.adapters.paths.scratch;
      expect(await servedFeatures(application.adapters, { partitions, folder }, quietly)).toEqual(
        [],
      );
    } finally {
      await application.remove();
    }
  });
});
