import { createHash } from 'node:crypto';
import path from 'node:path';
import type { PartitionManifest, PublishedPartition } from '../../../packages/contracts/partitions';
import type { ServedFeatures } from '../../../packages/modeling/partition-rows';
import {
  setUpTraining,
  testSchema,
  usersOfDay,
  writePartition,
  type DayRow,
} from './training-world';

// Validation is 05-01 … 05-30, the gap April; March is for training, and June too recent.
const world = setUpTraining({ from: '2024-03-01', to: '2024-06-05', users: 120 });
const { train, startTrained, read } = world;

describe('training refuses', () => {
  it('29 training days', async () => {
    const few = world.partitions.filter(({ manifest }) => manifest.date >= '2024-03-03');
    await expect(train({ partitions: few })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
      message: expect.stringContaining('29 training days'),
    });
  });

  it('users who all stayed', async () => {
    const duckDb = await world.openDuckDb();
    const stayed: PublishedPartition[] = [];
    for (const { manifest } of world.partitions) {
      const rows = usersOfDay(manifest.date, 5, 'stayed').map((row) => ({ ...row, label: false }));
      const file = path.join(world.directory, 'stayed', `${manifest.date}.parquet`);
      stayed.push(await writePartition(duckDb, file, manifest.date, rows));
    }
    duckDb.close();
    await expect(train({ partitions: stayed })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
      message: expect.stringMatching(/no user in the \d+ eligible training rows churned/),
    });
  });

  it('partitions of another schema: they do not count as days', async () => {
    const other = { ...testSchema, schemaHash: 'another' };
    await expect(train({ schema: other })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
    });
  });

  it('partitions whose labels are not known yet', async () => {
    const immature = world.partitions.map(({ manifest, path: file }) => ({
      manifest: { ...manifest, label_mature: false },
      path: file,
    }));
    await expect(train({ partitions: immature })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
    });
  });

  it('partitions that do not say who is subscribed, and names the backfill that adds it to all of them', async () => {
    const old = world.partitions.map(({ manifest, path: file }) => ({
      manifest: { ...manifest, definition_hashes: { sessions_30d: 'sessions of the tests' } },
      path: file,
    }));
    await expect(train({ partitions: old })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
      message: expect.stringMatching(
        /91 partitions from 2024-03-01 to 2024-05-30 .*no_state.*`churn backfill --from 2024-03-01 --to 2024-06-05`/,
      ),
    });
  });

  it('a partition whose bytes are not those of its manifest', async () => {
    const [first, ...rest] = world.partitions;
    const manifest = { ...first!.manifest, sha256: createHash('sha256').digest('hex') };
    await expect(train({ partitions: [{ ...first!, manifest }, ...rest] })).rejects.toMatchObject({
      code: 'CORRUPT_PARTITION',
    });
  });

  it('a partition whose file is gone', async () => {
    const [first, ...rest] = world.partitions;
    await expect(
      train({ partitions: [{ ...first!, path: `${first!.path}.gone` }, ...rest] }),
    ).rejects.toMatchObject({ code: 'PARTITION_NOT_FOUND' });
  });

  it('a day given twice', async () => {
    await expect(
      train({ partitions: [...world.partitions, world.partitions[0]!] }),
    ).rejects.toThrow(RangeError);
  });
});

describe('partitions from before the state was defined', () => {
  const lacksState = ({ manifest }: PublishedPartition) => manifest.date === '2024-03-01';

  it('are left out and counted as no_state, and do not change what the others teach', async () => {
    const duckDb = await world.openDuckDb();
    const file = path.join(world.directory, 'days', 'without-state.parquet');
    const rows = usersOfDay('2024-03-01', 120, 'world');
    const old = await writePartition(duckDb, file, '2024-03-01', rows, { definition_hashes: {} });
    duckDb.close();
    const others = world.partitions.filter((partition) => !lacksState(partition));
    const { metadata } = await train({ partitions: [old, ...others] });
    expect(metadata.data.excluded).toMatchObject({ no_state: 120 });
    expect(metadata.split.training).toEqual({ from: '2024-03-02', to: '2024-03-31', days: 30 });
    const alone = await train({ partitions: others });
    expect(alone).toMatchObject({ version: 'v001', isNew: false });
  });

  it('are known from those of another meaning of the state: that is another model', async () => {
    const { metadata } = await startTrained();
    const hashes = { ...testSchema.definitionHashes, is_subscribed: 'another meaning' };
    const redefined = world.partitions.map(({ manifest, path: file }) => ({
      manifest: { ...manifest, definition_hashes: hashes },
      path: file,
    }));
    const schema = { ...testSchema, definitionHashes: hashes };
    await expect(train({ partitions: world.partitions, schema })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
    });
    const again = await train({ partitions: redefined, schema });
    expect(again).toMatchObject({ version: 'v002', isNew: true });
    expect(again.metadata.promotion.reason).toBe(
      'promoted: champion v001 was not trained on the users who are eligible now',
    );
    expect(again.metadata.champion_metrics?.model_version).toBe('v001');
    expect(again.metadata.feature_schema_hash).toBe(metadata.feature_schema_hash);
    expect([metadata, again.metadata].map((one) => one.eligibility_hashes)).toEqual([
      { is_subscribed: 'state of the tests', sessions_30d: 'sessions of the tests' },
      { is_subscribed: 'another meaning', sessions_30d: 'sessions of the tests' },
    ]);
  });
});

describe('features as they were served', () => {
  const date = '2024-03-10';
  const asServed = () => usersOfDay(date, 120, 'world').slice(0, 100);
  const knownAt = '2024-03-10T01:00:00.000000Z';

  const servedAs = ({ manifest, path: file }: PublishedPartition): ServedFeatures => {
    const { known_at: at, batch, revision, rows, bytes, sha256 } = manifest;
    return { date, path: file, known: { at, batch }, revision, rows, bytes, sha256 };
  };

  /** Three revisions of one day: first served without labels, restated, and what the two make. */
  async function revisionsOfOneDay() {
    const duckDb = await world.openDuckDb();
    const write = (name: string, rows: DayRow[], overrides: Partial<PartitionManifest> = {}) =>
      writePartition(duckDb, path.join(world.directory, 'days', name), date, rows, overrides);
    const restatedRows = usersOfDay(date, 120, 'world').map((row) => ({
      ...row,
      failed_payments_30d: 3,
    }));
    const unlabelled = asServed().map((row) => ({ ...row, label: null }));
    const flipped = restatedRows.map((row) => ({ ...row, label: !row.label }));
    const revisions = {
      served: await write('served.parquet', unlabelled, { known_at: knownAt }),
      restated: await write('restated.parquet', restatedRows, { revision: 2 }),
      relabelled: await write('relabelled.parquet', flipped, { revision: 3 }),
      combined: await write('combined.parquet', asServed()),
    };
    duckDb.close();
    return revisions;
  }

  const others = () => world.partitions.filter(({ manifest }) => manifest.date !== date);

  it('are read from the first revision, the labels from the present one', async () => {
    const { served, restated, combined } = await revisionsOfOneDay();
    await train({ partitions: [...others(), restated], servedFeatures: [servedAs(served)] });
    const model = read('v001', 'model.json');
    world.clearRegistry();
    await train({ partitions: [...others(), combined] });
    expect(model).toBe(read('v001', 'model.json'));
  });

  it('are described as such: revision, knowledge and rows are those of the first', async () => {
    const { served, restated, combined } = await revisionsOfOneDay();
    const { metadata } = await train({
      partitions: [...others(), restated],
      servedFeatures: [servedAs(served)],
    });
    expect(metadata.data.partitions.find((one) => one.date === date)).toMatchObject({
      revision: 2,
      features_revision: 1,
      features_sha256: served.manifest.sha256,
      known_at: knownAt,
      batch: 1,
      label_known_at: '2024-04-10T00:00:00.000000Z',
      label_batch: 2,
      rows: 100,
    });
    expect(metadata.data.knowledge.features).toMatchObject({
      kinds: { 'as-served': 1, latest: 60 },
      as_served: 1,
      known_at: { min: '2024-03-02T00:00:00.000000Z' },
    });
    world.clearRegistry();
    const alone = await train({ partitions: [...others(), combined] });
    expect(metadata.data.excluded).toEqual(alone.metadata.data.excluded);
  });

  it('bring their state: who has left since was a training row then', async () => {
    const duckDb = await world.openDuckDb();
    const write = (name: string, rows: DayRow[]) =>
      writePartition(duckDb, path.join(world.directory, 'days', name), date, rows, {
        known_at: knownAt,
      });
    const subscribed = usersOfDay(date, 120, 'world').map((row) => ({
      ...row,
      is_subscribed: true,
    }));
    const allLeft = subscribed.map((row) => ({ ...row, is_subscribed: false }));
    const served = await write('all-subscribed.parquet', subscribed);
    const restated = await write('all-left.parquet', allLeft);
    duckDb.close();
    const counts = [];
    for (const [current, first] of [
      [restated, served],
      [served, restated],
    ] as const) {
      world.clearRegistry();
      const { metadata } = await train({
        partitions: [...others(), current],
        servedFeatures: [servedAs(first)],
      });
      counts.push([metadata.data.rows, metadata.data.excluded.left!]);
    }
    const [[rowsAsServed, leftAsServed], [rowsSince, leftSince]] = counts as [number[], number[]];
    const active = subscribed.filter((row) => row.sessions_30d > 0).length;
    expect(rowsAsServed! - rowsSince!).toBe(active);
    expect(leftSince! - leftAsServed!).toBe(120);
  });

  it('make another version when either they or the labels change', async () => {
    const { served, restated, relabelled } = await revisionsOfOneDay();
    const versions = [];
    for (const [current, first] of [
      [restated, served],
      [relabelled, served],
      [restated, undefined],
      [restated, served],
    ] as const) {
      const servedFeatures = first ? [servedAs(first)] : [];
      const trained = await train({ partitions: [...others(), current], servedFeatures });
      versions.push(trained.version);
    }
    expect(versions).toEqual(['v001', 'v002', 'v003', 'v001']);
  });
});
