import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import type { PublishedPartition } from '../../../packages/contracts';
import { readParquet } from '../../../packages/duckdb';
import { addDays, formatInstant, midnightOf } from '../../../packages/instants';
import {
  readAliases,
  readModelEvents,
  trainModel,
  type ModelArtifact,
  type ModelEvent,
  type TrainModelOptions,
} from '../../../packages/modeling';
import { createScratchDirectory } from '../../environment/scratch-directory';
import {
  openTestDuckDb,
  testSchema,
  trueWeights,
  usersOfDay,
  writeDays,
  writePartition,
} from './training-world';

const asOf = '2024-06-30';
const createdAt = midnightOf('2024-06-30');

let scratch: ReturnType<typeof createScratchDirectory>;
let partitions: PublishedPartition[];
let modelsDir: string;
let registries = 0;

beforeAll(async () => {
  scratch = createScratchDirectory();
  // Validation is 05-01 … 05-30, the gap April; two months of training, and June too recent.
  partitions = await writeDays({
    directory: scratch.path,
    from: '2024-02-01',
    to: '2024-06-05',
    users: 120,
  });
});

afterAll(() => scratch.remove());

beforeEach(() => {
  modelsDir = path.join(scratch.path, `models-${++registries}`);
});

function train(changes: Partial<TrainModelOptions> = {}) {
  return trainModel({
    partitions,
    schema: testSchema,
    openDuckDb: () => openTestDuckDb(scratch.path),
    modelsDir,
    asOf,
    createdAt,
    seed: 42,
    ...changes,
  });
}

const read = (version: string, file: string) =>
  readFileSync(path.join(modelsDir, version, file), 'utf8');

describe('training', () => {
  it('publishes v001 with its four files, read-only, and promotes it as the first', async () => {
    const { version, metadata, isNew } = await train();
    expect([version, isNew]).toEqual(['v001', true]);
    const files = readdirSync(path.join(modelsDir, 'v001')).sort();
    expect(files).toEqual([
      'manifest.sha256',
      'metadata.json',
      'model.json',
      'training_data_sample.parquet',
    ]);
    for (const file of files) {
      expect(statSync(path.join(modelsDir, 'v001', file)).mode & 0o222).toBe(0);
    }
    expect(JSON.parse(read('v001', 'metadata.json'))).toEqual(metadata);
    expect(metadata.promotion.reason).toBe('promoted: the first converged model');
    expect(await readAliases(modelsDir)).toEqual({
      champion: 'v001',
      challenger: null,
      previous: null,
    });
  });

  it('finds the weights that the users leave by', async () => {
    const { metadata } = await train();
    const raw = Object.fromEntries(metadata.coefficients.map((c) => [c.feature, c]));
    const within = (feature: string, truth: number) => {
      const { raw: weight, standard_error: error, standardised } = raw[feature]!;
      const errorPerUnit = error! * Math.abs(weight / standardised);
      expect(Math.abs(weight - truth)).toBeLessThan(4 * errorPerUnit);
    };
    within('days_since_last_login', trueWeights.recency);
    within('failed_payments_30d', trueWeights.failedPayments);
    within('is_pro_plan', trueWeights.pro);
    expect(metadata.metrics.auc).toBeGreaterThan(metadata.recency_baseline!.auc);
    expect(metadata.metrics.calibration_slope).toBeCloseTo(1, 0);
  });

  it('writes down the split, what was left out and why, and adds up to every row', async () => {
    const { metadata } = await train();
    expect(metadata.split).toEqual({
      method: 'purged_time',
      training: { from: '2024-02-01', to: '2024-03-31', days: 60 },
      validation: { from: '2024-05-01', to: '2024-05-30', days: 30 },
      gap: { from: '2024-04-01', to: '2024-04-30', days: 30 },
    });
    const { excluded, rows, validation_rows } = metadata.data;
    expect(excluded).toMatchObject({
      too_recent: 6 * 120,
      purged_gap: 30 * 120,
      before_training: 0,
      other_schema: 0,
      label_unknown: 0,
    });
    const dormant = [...partitions]
      .filter(
        ({ manifest: { date } }) =>
          date <= '2024-03-31' || (date >= '2024-05-01' && date <= '2024-05-30'),
      )
      .flatMap(({ manifest: { date } }) => usersOfDay(date, 120, 'world'))
      .filter((row) => row.sessions_30d === 0).length;
    expect(excluded.dormant).toBe(dormant);
    const all = Object.values(excluded).reduce((sum, count) => sum + count, 0);
    expect(rows + validation_rows + all).toBe(partitions.length * 120);
    expect(metadata.data.users).toBe(120);
  });

  it('writes down whose knowledge the features and labels had', async () => {
    const { metadata } = await train();
    expect(metadata.data.knowledge).toEqual({
      features: {
        kinds: { latest: 90 },
        as_served: 0,
        known_at: { min: '2024-02-02T00:00:00.000000Z', max: '2024-05-31T00:00:00.000000Z' },
        batch: { min: 1, max: 1 },
      },
      labels: {
        known_at: { min: '2024-03-03T00:00:00.000000Z', max: '2024-06-30T00:00:00.000000Z' },
        batch: { min: 2, max: 2 },
        complete_through: {
          min: '2024-03-03T00:00:00.000000Z',
          max: '2024-06-30T00:00:00.000000Z',
        },
      },
    });
    expect(metadata.data.partitions).toHaveLength(90);
  });

  it('freezes the reference for drift over the eligible training rows', async () => {
    const { metadata } = await train();
    const {
      rows,
      features,
      scores,
      last_known_churn_rate: rate,
      mean_score,
    } = metadata.drift_reference;
    expect(rows).toBe(metadata.data.rows);
    expect(features.map(({ name }) => name)).toEqual(testSchema.features.map(({ name }) => name));
    for (const { counts } of [...features, scores]) {
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rows);
    }
    expect(rate).toBe(metadata.metrics.base_rate);
    // The intercept is free, so the mean score is the base rate of the training rows.
    expect(mean_score).toBeCloseTo(metadata.data.base_rate, 9);
  });

  it('gives byte-identical model.json for the same rows, whatever moment, host and sample seed', async () => {
    await train();
    const first = read('v001', 'model.json');
    modelsDir = path.join(scratch.path, `models-${++registries}`);
    await train({ createdAt: createdAt + 12345n, seed: 7 });
    expect(read('v001', 'model.json')).toBe(first);
    const artifact = JSON.parse(first) as ModelArtifact;
    expect(artifact.golden_predictions).toHaveLength(20);
  });

  it('does not depend on the order the partitions are listed in', async () => {
    await train();
    const first = read('v001', 'model.json');
    modelsDir = path.join(scratch.path, `models-${++registries}`);
    await train({ partitions: partitions.toReversed() });
    expect(read('v001', 'model.json')).toBe(first);
  });

  it('on the inputs of an existing version returns that one and writes nothing', async () => {
    const first = await train();
    const before = readdirSync(modelsDir);
    const events = (await readModelEvents(modelsDir)).length;
    const again = await train({ createdAt: createdAt + 1n, seed: 1 });
    expect(again).toEqual({ ...first, isNew: false });
    expect(readdirSync(modelsDir)).toEqual(before);
    expect(await readModelEvents(modelsDir)).toHaveLength(events);
  });

  it('on a later day with the same usable days returns the existing version too', async () => {
    await train({ partitions: partitions.filter(({ manifest }) => manifest.date <= '2024-05-30') });
    const later = await train({
      asOf: '2024-07-04',
      partitions: partitions.filter(({ manifest }) => manifest.date <= '2024-05-30'),
    });
    expect(later.isNew).toBe(false);
  });

  it('makes a new version for another penalty, and says what the gate compared', async () => {
    await train();
    const { version, metadata } = await train({ l2: 50 });
    expect(version).toBe('v002');
    expect(metadata.parent_version).toBe('v001');
    expect(metadata.champion_metrics?.model_version).toBe('v001');
    expect(metadata.champion_metrics?.rows).toBe(metadata.data.validation_rows);
    expect(metadata.promotion.checks.map((check) => check.name)).toEqual([
      'converged',
      'schema',
      'auc_vs_champion',
      'log_loss_vs_champion',
      'beats_recency',
    ]);
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002', previous: 'v001' });
  });

  it('keeps the champion when the gate refuses: the candidate is the challenger', async () => {
    await train();
    const { metadata } = await train({ l2: 1e7 });
    expect(metadata.promotion.promoted).toBe(false);
    expect(metadata.promotion.reason).toContain('log loss');
    expect(await readAliases(modelsDir)).toEqual({
      champion: 'v001',
      challenger: 'v002',
      previous: null,
    });
    const events = await readModelEvents(modelsDir);
    expect(events.map(({ action, version }) => `${action} ${version}`)).toEqual([
      'register v001',
      'promote v001',
      'register v002',
      'reject v002',
    ]);
  });

  it('trains with ml-logistic-regression too', async () => {
    const few = await writeDays({
      directory: path.join(scratch.path, 'few'),
      from: '2024-03-01',
      to: '2024-05-30',
      users: 12,
    });
    const training = { partitions: few, trainer: 'ml-logistic-regression' } as const;
    const { metadata } = await train(training);
    expect(metadata.algorithm).toMatchObject({ solver: 'ml-logistic-regression', l2: 0 });
    expect(metadata.status).toBe('converged');
  });

  it('tells each event to the port, in order', async () => {
    const told: ModelEvent[] = [];
    await train({ recordEvent: async (event) => void told.push(event) });
    expect(told).toEqual(await readModelEvents(modelsDir));
    expect(told[0]).toMatchObject({ action: 'register', at: formatInstant(createdAt) });
  });

  it('reports each stage and each day it reads', async () => {
    const seen: string[] = [];
    await train({ onProgress: ({ stage, date }) => void seen.push(date ?? stage) });
    expect(seen.slice(0, 2)).toEqual(['2024-02-01', '2024-02-02']);
    expect(seen.slice(-2)).toEqual(['fitting', 'publishing']);
  });

  it('stops when it is aborted, and publishes nothing', async () => {
    const abort = new AbortController();
    const training = train({
      signal: abort.signal,
      onProgress: ({ date }) => date === '2024-02-10' && abort.abort(),
    });
    await expect(training).rejects.toThrow(/abort/i);
    expect(await readAliases(modelsDir)).toMatchObject({ champion: null });
  });
});

describe('the training sample', () => {
  it('has at most 1000 rows of both outcomes, typed as the features, and no user id', async () => {
    await train();
    const duckDb = await openTestDuckDb(scratch.path);
    const file = path.join(modelsDir, 'v001', 'training_data_sample.parquet');
    const columns = await duckDb.rows<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM ${readParquet([file])}`,
    );
    const [counts] = await duckDb.rows(
      `SELECT count(*)::INTEGER AS n, avg(label_churned_30d::INTEGER) AS rate,
         count(DISTINCT user_key)::INTEGER AS users, min(length(user_key))::INTEGER AS width FROM ${readParquet([file])}`,
    );
    duckDb.close();
    expect(columns.map((column) => `${column.column_name} ${column.column_type}`)).toEqual([
      'user_key VARCHAR',
      'feature_time TIMESTAMP WITH TIME ZONE',
      'avg_sessions_7d DOUBLE',
      'sessions_30d INTEGER',
      'days_since_last_login INTEGER',
      'failed_payments_30d INTEGER',
      'total_spend_90d DOUBLE',
      'is_pro_plan BOOLEAN',
      'label_churned_30d BOOLEAN',
    ]);
    const { data } = JSON.parse(read('v001', 'metadata.json')) as { data: { base_rate: number } };
    expect(counts).toMatchObject({ n: 1000, users: 120, width: 32 });
    expect(counts!.rate as number).toBeCloseTo(data.base_rate, 2);
    const bytes = readFileSync(file).toString('latin1');
    expect(bytes).not.toContain('user-000');
  });

  it('is of rows that are in the partitions', async () => {
    await train();
    const duckDb = await openTestDuckDb(scratch.path);
    const features = testSchema.features.map(({ name }) => name).join(', ');
    const training = partitions.filter(({ manifest }) => manifest.date <= '2024-03-31');
    const strangers = await duckDb.rows(
      `SELECT feature_time, ${features}, label_churned_30d
         FROM ${readParquet([path.join(modelsDir, 'v001', 'training_data_sample.parquet')])}
       EXCEPT SELECT feature_time, ${features}, label_churned_30d
         FROM ${readParquet(training.map((one) => one.path))} WHERE sessions_30d > 0`,
    );
    duckDb.close();
    expect(strangers).toEqual([]);
  });
});

describe('training refuses', () => {
  it('29 training days', async () => {
    const few = partitions.filter(({ manifest }) => manifest.date >= '2024-03-03');
    await expect(train({ partitions: few })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
      message: expect.stringContaining('29 training days'),
    });
  });

  it('users who all stayed', async () => {
    const duckDb = await openTestDuckDb(scratch.path);
    const stayed: PublishedPartition[] = [];
    for (const { manifest } of partitions) {
      const rows = usersOfDay(manifest.date, 5, 'stayed').map((row) => ({ ...row, label: false }));
      const file = path.join(scratch.path, 'stayed', `${manifest.date}.parquet`);
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
    const immature = partitions.map(({ manifest, path: file }) => ({
      manifest: { ...manifest, label_mature: false },
      path: file,
    }));
    await expect(train({ partitions: immature })).rejects.toMatchObject({
      code: 'NOT_ENOUGH_TRAINING_DATA',
    });
  });

  it('a partition whose bytes are not those of its manifest', async () => {
    const [first, ...rest] = partitions;
    const manifest = { ...first!.manifest, sha256: createHash('sha256').digest('hex') };
    await expect(train({ partitions: [{ ...first!, manifest }, ...rest] })).rejects.toMatchObject({
      code: 'CORRUPT_PARTITION',
    });
  });

  it('a partition whose file is gone', async () => {
    const [first, ...rest] = partitions;
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
    await expect(train({ partitions: [...partitions, partitions[0]!] })).rejects.toThrow(
      RangeError,
    );
  });
});

describe('features as they were served', () => {
  it('are read from the first revision, the labels from the present one', async () => {
    const duckDb = await openTestDuckDb(scratch.path);
    const date = '2024-02-10';
    const restated = usersOfDay(date, 120, 'world').map((row) => ({
      ...row,
      failed_payments_30d: 3,
    }));
    const served = usersOfDay(date, 120, 'world')
      .slice(0, 100)
      .map((row) => ({ ...row, label: null }));
    const current = await writePartition(
      duckDb,
      path.join(scratch.path, 'restated', 'current.parquet'),
      date,
      restated,
      { revision: 2 },
    );
    const first = await writePartition(
      duckDb,
      path.join(scratch.path, 'restated', 'served.parquet'),
      date,
      served,
      { known_at: formatInstant(midnightOf(addDays(date, 0)) + 3_600_000_000n) },
    );
    const servedOnly = await writePartition(
      duckDb,
      path.join(scratch.path, 'restated', 'expected.parquet'),
      date,
      usersOfDay(date, 120, 'world').slice(0, 100),
    );
    duckDb.close();
    const others = partitions.filter(({ manifest }) => manifest.date !== date);

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

    modelsDir = path.join(scratch.path, `models-${++registries}`);
    await train({ partitions: [...others, servedOnly] });
    expect(model).toBe(read('v001', 'model.json'));
  });
});

describe('a crash', () => {
  it('between publishing and promoting is made good by the next training', async () => {
    const { metadata } = await train();
    rmSync(path.join(modelsDir, 'aliases.json'));
    rmSync(path.join(modelsDir, 'events.jsonl'));
    const again = await train();
    expect(again).toEqual({ version: 'v001', metadata, isNew: false });
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v001' });
    expect((await readModelEvents(modelsDir)).map(({ action }) => action)).toEqual([
      'register',
      'promote',
    ]);
  });

  it('between moving the alias and logging it is made good by the next change', async () => {
    await train();
    rmSync(path.join(modelsDir, 'events.jsonl'));
    await train({ l2: 2 });
    expect(
      (await readModelEvents(modelsDir)).map(({ action, version }) => `${action} ${version}`),
    ).toEqual(['register v001', 'promote v001', 'register v002', 'promote v002']);
  });

  it('while staging leaves nothing that the next training does not remove', async () => {
    mkdirSync(path.join(modelsDir, '.staging-dead'), { recursive: true });
    writeFileSync(path.join(modelsDir, '.staging-dead', 'model.json'), '{');
    await train();
    expect(readdirSync(modelsDir).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('of the lock’s holder does not stop the next training', async () => {
    mkdirSync(modelsDir, { recursive: true });
    writeFileSync(path.join(modelsDir, '.lock'), `${hostname()} 4194303 dead`);
    expect((await train()).version).toBe('v001');
  });
});

describe('a version that was tampered with', () => {
  it('is not taken for the one these inputs made: a new one is trained', async () => {
    await train();
    const file = path.join(modelsDir, 'v001', 'metadata.json');
    chmodSync(file, 0o644);
    appendFileSync(file, ' ');
    const again = await train();
    expect([again.version, again.isNew]).toEqual(['v002', true]);
    // Champion v001 can't be loaded any more, so it can't keep its place.
    expect(again.metadata.promotion.reason).toBe('promoted: champion v001 can not be compared');
  });
});

describe('trainings at the same time', () => {
  it('with ten different inputs get ten versions, all whole', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) => train({ l2: index + 1 })),
    );
    const versions = results.map(({ version }) => version).sort();
    expect(versions).toEqual(
      Array.from({ length: 10 }, (_, i) => `v${String(i + 1).padStart(3, '0')}`),
    );
    expect(readdirSync(modelsDir).filter((name) => name.startsWith('.'))).toEqual([]);
    for (const { version, metadata } of results) {
      expect(JSON.parse(read(version, 'metadata.json'))).toEqual(metadata);
    }
    const events = await readModelEvents(modelsDir);
    expect(events).toHaveLength(20);
    expect(new Set(events.map((event) => event.event_id)).size).toBe(20);
  });

  it('with the same inputs get one', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => train()));
    expect(results.map(({ version }) => version)).toEqual(['v001', 'v001', 'v001', 'v001']);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
  });
});
