import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { readParquet } from '../../../../packages/duckdb/open-duckdb';
import { formatInstant } from '../../../../packages/instants/epoch-micros';
import { midnightOf } from '../../../../packages/instants/logical-date';
import { readAliases } from '../../../../packages/modeling/registry/published-aliases';
import type { ModelArtifact } from '../../../../packages/modeling/model-documents';
import { gradientAscentSolver } from '../../../../packages/modeling/solvers/gradient-ascent-solver';
import {
  setUpTraining,
  testSchema,
  trueWeights,
  userIdOf,
  usersOfDay,
  withPenalty,
  writeDays,
} from '../training-world';

const createdAt = midnightOf('2024-06-30');

// Validation is 05-01 … 05-30, the gap April; March is for training, and June too recent.
const world = setUpTraining({ from: '2024-03-01', to: '2024-06-05', users: 120 });
const { train, startTrained, read } = world;

describe('training', () => {
  /** What the first training says of itself; for the tests that only read it. */
  const firstMetadata = async () => (await startTrained()).metadata;

  it('publishes v001 with its four files, read-only, and promotes it as the first', async () => {
    const { version, metadata, isNew } = await train();
    expect([version, isNew]).toEqual(['v001', true]);
    const files = readdirSync(path.join(world.modelsDir, 'v001')).sort();
    expect(files).toEqual([
      'manifest.sha256',
      'metadata.json',
      'model.json',
      'training_data_sample.parquet',
    ]);
    for (const file of files) {
      expect(statSync(path.join(world.modelsDir, 'v001', file)).mode & 0o222).toBe(0);
    }
    expect(JSON.parse(read('v001', 'metadata.json'))).toEqual(metadata);
    expect(metadata.promotion.reason).toBe('promoted: the first converged model');
    expect(await readAliases(world.modelsDir)).toEqual({
      champion: 'v001',
      challenger: null,
      previous: null,
    });
  });

  it('finds the weights that the users leave by', async () => {
    const metadata = await firstMetadata();
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
    const metadata = await firstMetadata();
    expect(metadata.split).toEqual({
      method: 'purged_time',
      training: { from: '2024-03-01', to: '2024-03-31', days: 31 },
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
    const used = [...world.partitions]
      .filter(
        ({ manifest: { date } }) =>
          date <= '2024-03-31' || (date >= '2024-05-01' && date <= '2024-05-30'),
      )
      .flatMap(({ manifest: { date } }) => usersOfDay(date, 120, 'world'));
    const subscribed = used.filter((row) => row.is_subscribed);
    expect(excluded.left).toBe(used.length - subscribed.length);
    expect(excluded.left).toBeGreaterThan(0);
    expect(excluded.dormant).toBe(subscribed.filter((row) => row.sessions_30d === 0).length);
    const all = Object.values(excluded).reduce((sum, count) => sum + count, 0);
    expect(rows + validation_rows + all).toBe(world.partitions.length * 120);
    expect(metadata.data.users).toBe(120);
  });

  it('writes down whose knowledge the features and labels had', async () => {
    const metadata = await firstMetadata();
    expect(metadata.data.knowledge).toEqual({
      features: {
        kinds: { latest: 61 },
        as_served: 0,
        known_at: { min: '2024-03-02T00:00:00.000000Z', max: '2024-05-31T00:00:00.000000Z' },
        batch: { min: 1, max: 1 },
      },
      labels: {
        known_at: { min: '2024-04-01T00:00:00.000000Z', max: '2024-06-30T00:00:00.000000Z' },
        batch: { min: 2, max: 2 },
        complete_through: {
          min: '2024-04-01T00:00:00.000000Z',
          max: '2024-06-30T00:00:00.000000Z',
        },
      },
    });
    expect(metadata.data.partitions).toHaveLength(61);
  });

  it('freezes the reference for drift over the eligible training rows', async () => {
    const metadata = await firstMetadata();
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
    world.clearRegistry();
    await train({ createdAt: createdAt + 12345n, seed: 7 });
    expect(read('v001', 'model.json')).toBe(first);
    const artifact = JSON.parse(first) as ModelArtifact;
    expect(artifact.golden_predictions).toHaveLength(20);
  });

  it('does not depend on the order the world.partitions are listed in', async () => {
    await startTrained();
    const first = read('v001', 'model.json');
    world.clearRegistry();
    await train({ partitions: world.partitions.toReversed() });
    expect(read('v001', 'model.json')).toBe(first);
  });

  it('on the inputs of an existing version returns that one and writes nothing', async () => {
    const first = await startTrained();
    const before = readdirSync(world.modelsDir);
    const { events } = world.eventLog;
    const again = await train({ createdAt: createdAt + 1n, seed: 1 });
    expect(again).toEqual({ ...first, isNew: false });
    expect(readdirSync(world.modelsDir)).toEqual(before);
    expect(world.eventLog.events).toEqual(events);
  });

  it('on a later day with the same usable days returns the existing version too', async () => {
    await train({
      partitions: world.partitions.filter(({ manifest }) => manifest.date <= '2024-05-30'),
    });
    const later = await train({
      asOf: '2024-07-04',
      partitions: world.partitions.filter(({ manifest }) => manifest.date <= '2024-05-30'),
    });
    expect(later.isNew).toBe(false);
  });

  it('makes a new version for another penalty, and says what the gate compared', async () => {
    await startTrained();
    const { version, metadata } = await train({ solver: withPenalty(50) });
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
    expect(await readAliases(world.modelsDir)).toMatchObject({
      champion: 'v002',
      previous: 'v001',
    });
  });

  it('keeps the champion when the gate refuses: the candidate is the challenger', async () => {
    await startTrained();
    const { metadata } = await train({ solver: withPenalty(1e7) });
    expect(metadata.promotion.promoted).toBe(false);
    expect(metadata.promotion.reason).toContain('log loss');
    expect(await readAliases(world.modelsDir)).toEqual({
      champion: 'v001',
      challenger: 'v002',
      previous: null,
    });
    expect(world.eventLog.actions).toEqual([
      'register v001',
      'promote v001',
      'register v002',
      'reject v002',
    ]);
  });

  it('trains with ml-logistic-regression too', async () => {
    const few = await writeDays({
      directory: path.join(world.directory, 'few'),
      from: '2024-03-01',
      to: '2024-05-30',
      users: 12,
    });
    const training = { partitions: few, solver: gradientAscentSolver };
    const { metadata } = await train(training);
    expect(metadata.algorithm).toMatchObject({ solver: 'ml-logistic-regression', l2: 0 });
    expect(metadata.status).toBe('converged');
  });

  it('publishes nothing, and begins no number, while Postgres is away', async () => {
    world.eventLog.state = 'away';
    await expect(train()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    expect(readdirSync(world.modelsDir)).toEqual([]);
    world.eventLog.state = 'up';
    expect((await train()).version).toBe('v001');
    expect(world.eventLog.events[0]).toMatchObject({
      number: 1,
      action: 'register',
      at: formatInstant(createdAt),
    });
  });

  it('records what code trained it, which makes no other model of the same inputs', async () => {
    const { metadata } = await train({ codeVersion: 'code-1' });
    const model = read('v001', 'model.json');
    expect(metadata.code_version).toBe('code-1');
    expect(model).not.toContain('code-1');
    const again = await train({ codeVersion: 'code-2' });
    expect([again.version, again.isNew, again.metadata.code_version]).toEqual([
      'v001',
      false,
      'code-1',
    ]);
  });

  it('reports each stage and each day it reads', async () => {
    const seen: string[] = [];
    await train({ onProgress: ({ stage, date }) => void seen.push(date ?? stage) });
    expect(seen.slice(0, 2)).toEqual(['2024-03-01', '2024-03-02']);
    expect(seen.slice(-2)).toEqual(['fitting', 'publishing']);
  });

  it('stops when it is aborted, and publishes nothing', async () => {
    const abort = new AbortController();
    const training = train({
      signal: abort.signal,
      onProgress: ({ date }) => date === '2024-03-10' && abort.abort(),
    });
    await expect(training).rejects.toThrow(/abort/i);
    expect(await readAliases(world.modelsDir)).toMatchObject({ champion: null });
  });
});

describe('the training sample', () => {
  it('has at most 1000 rows of both outcomes, typed as the features, and no user id', async () => {
    await startTrained();
    const duckDb = await world.openDuckDb();
    const file = path.join(world.modelsDir, 'v001', 'training_data_sample.parquet');
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
    expect(bytes).not.toContain(userIdOf(0).slice(9));
  });

  it('is of rows that are in the partitions', async () => {
    await startTrained();
    const duckDb = await world.openDuckDb();
    const features = testSchema.features.map(({ name }) => name).join(', ');
    const training = world.partitions.filter(({ manifest }) => manifest.date <= '2024-03-31');
    const strangers = await duckDb.rows(
      `SELECT feature_time, ${features}, label_churned_30d
         FROM ${readParquet([path.join(world.modelsDir, 'v001', 'training_data_sample.parquet')])}
       EXCEPT SELECT feature_time, ${features}, label_churned_30d
         FROM ${readParquet(training.map((one) => one.path))} WHERE is_subscribed AND sessions_30d > 0`,
    );
    duckDb.close();
    expect(strangers).toEqual([]);
  });
});
