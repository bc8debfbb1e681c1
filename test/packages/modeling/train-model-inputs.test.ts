import { createHash } from 'node:crypto';
import path from 'node:path';
import type { PublishedPartition } from '../../../packages/contracts';
import { addDays, formatInstant, midnightOf } from '../../../packages/instants';
import { setUpTraining, testSchema, usersOfDay, writePartition } from './training-world';

// Validation is 05-01 … 05-30, the gap April; March is for training, and June too recent.
const world = setUpTraining({ from: '2024-03-01', to: '2024-06-05', users: 120 });
const { train, read } = world;

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
      message: expect.stringMatching(/all \d+ eligible training rows stayed/),
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

  it.each([
    ['an unknown trainer', { trainer: 'magic' as never }],
    ['a negative penalty', { l2: -1 }],
    [
      'a penalty that the trainer does not have',
      { trainer: 'ml-logistic-regression' as const, l2: 1 },
    ],
  ])('%s', async (_case, changes) => {
    await expect(train(changes)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('a day given twice', async () => {
    await expect(
      train({ partitions: [...world.partitions, world.partitions[0]!] }),
    ).rejects.toThrow(RangeError);
  });
});

describe('features as they were served', () => {
  it('are read from the first revision, the labels from the present one', async () => {
    const duckDb = await world.openDuckDb();
    const date = '2024-03-10';
    const restated = usersOfDay(date, 120, 'world').map((row) => ({
      ...row,
      failed_payments_30d: 3,
    }));
    const served = usersOfDay(date, 120, 'world')
      .slice(0, 100)
      .map((row) => ({ ...row, label: null }));
    const current = await writePartition(
      duckDb,
      path.join(world.directory, 'restated', 'current.parquet'),
      date,
      restated,
      { revision: 2 },
    );
    const first = await writePartition(
      duckDb,
      path.join(world.directory, 'restated', 'served.parquet'),
      date,
      served,
      { known_at: formatInstant(midnightOf(addDays(date, 0)) + 3_600_000_000n) },
    );
    const servedOnly = await writePartition(
      duckDb,
      path.join(world.directory, 'restated', 'expected.parquet'),
      date,
      usersOfDay(date, 120, 'world').slice(0, 100),
    );
    duckDb.close();
    const others = world.partitions.filter(({ manifest }) => manifest.date !== date);

    const { metadata } = await train({
      partitions: [...others, current],
      servedPartitions: [first],
    });
    const model = read('v001', 'model.json');
    expect(metadata.data.knowledge.features.as_served).toBe(1);
    expect(metadata.data.partitions.find((one) => one.date === date)).toMatchObject({
      revision: 2,
      features_revision: 1,
    });

    world.clearRegistry();
    await train({ partitions: [...others, servedOnly] });
    expect(model).toBe(read('v001', 'model.json'));
  });
});
