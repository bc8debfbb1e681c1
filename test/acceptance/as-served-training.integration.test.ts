import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readParquet } from '../../packages/duckdb';
import { addDays, datesBetween } from '../../packages/instants';
import type { ModelArtifact, TrainedVersion } from '../../packages/modeling';
import { partitionPaths } from '../../packages/offline-store';
import { publishedPartitions } from '../../packages/platform/partition-jobs';
import { servedFeatures } from '../../packages/platform/served-features';
import { backfill, openTestPlatform, quietly, type TestPlatform } from './open-test-platform';
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
  let platform: TestPlatform;
  let first: TrainedVersion;
  let afterPayments: TrainedVersion;
  let afterCancellations: TrainedVersion;

  beforeAll(async () => {
    platform = await openTestPlatform();
    await importWorld(platform, world);
    await backfill(platform, TRAINING);
    await backfill(platform, { ...VALIDATION, to: addDays(DAILY, -1) });
    const knowledge = await platform.pipelinePorts.takeDailyKnowledge(DAILY);
    const day = { date: DAILY, runId: 'daily', knowledge };
    await platform.pipelinePorts.computeDay(day, quietly);
    first = await platform.jobs.train({ asOf: AS_OF }, quietly);

    await importTables(platform, billing(latePayments));
    await platform.jobs.restate({ dryRun: false }, quietly);
    afterPayments = await platform.jobs.train({ asOf: AS_OF }, quietly);

    await importTables(platform, billing(lateCancellations));
    await platform.jobs.restate({ dryRun: false }, quietly);
    afterCancellations = await platform.jobs.train({ asOf: AS_OF }, quietly);
  }, 120_000);

  afterAll(() => platform?.remove());

  /** Means of the eligible rows of March: features of one revision, labels of another. */
  async function meansOfMarch(featuresOf: 'first' | 'current') {
    const { paths } = platform.adapters;
    const files = datesBetween(TRAINING.from, TRAINING.to).map((date) => {
      const ofDate = partitionPaths(paths, date);
      const { dayFile: labels } = ofDate;
      return { features: featuresOf === 'first' ? ofDate.revisionFile(1) : labels, labels };
    });
    const duckDb = await platform.adapters.openDuckDb();
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
    const file = path.join(platform.adapters.paths.models, version, 'model.json');
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
    const { scratch } = platform.adapters.paths;
    const duckDb = await platform.adapters.openDuckDb();
    const left = await duckDb.rows(`SELECT * FROM glob('${scratch}/as-served-*/*')`);
    duckDb.close();
    expect(left).toEqual([]);
  });
});

describe('a history that was loaded after its time', () => {
  it('was never served: its days have no such features, and keep those of their partitions', async () => {
    const platform = await openTestPlatform();
    try {
      await importWorld(platform, ticketWorld(5), 'now');
      await backfill(platform, { from: '2024-03-01', to: '2024-03-03' });
      const partitions = await publishedPartitions(platform.adapters);
      expect(partitions.map(({ manifest }) => manifest.rows)).toEqual([5, 5, 5]);
      const folder = platform.adapters.paths.scratch;
      expect(await servedFeatures(platform.adapters, { partitions, folder }, quietly)).toEqual([]);
    } finally {
      await platform.remove();
    }
  });
});
