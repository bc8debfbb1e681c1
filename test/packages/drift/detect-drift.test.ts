import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PublishedPartition } from '../../../packages/contracts/partitions';
import {
  detectDrift,
  type DetectDriftOptions,
  type DriftChampion,
} from '../../../packages/drift/detect-drift';
import { readDriftLog, writeDriftLog } from '../../../packages/drift/drift-log';
import type { DriftReport } from '../../../packages/drift/drift-report';
import {
  readFeatureColumns,
  selectRows,
} from '../../../packages/drift/metrics/read-feature-columns';
import { featureSet } from '../../../packages/features/feature-set';
import { referenceDistribution } from '../../../packages/modeling/evaluation/reference-distribution';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { beforeState, writePartition, type ColumnSql } from './partition-fixture';

const featureNames = featureSet.features.map(({ name }) => name);
const { is_subscribed, sessions_30d } = featureSet.definitionHashes;
const eligibilityHashes = { is_subscribed: is_subscribed!, sessions_30d: sessions_30d! };

describe('drift detection', () => {
  const scratch = createScratchDirectory();
  const openDuckDb = () => openTestDuckDb(scratch.path);
  let champion: DriftChampion;

  beforeAll(async () => {
    champion = await championTrainedOn(await day('2024-01-01', 1, 20_000));
  });
  afterAll(() => scratch.remove());

  const day = (date: string, seed: number, users = 3_000, sql: ColumnSql = {}) =>
    writePartition(scratch.path, { date, seed, users, sql });
  const detect = (partition: PublishedPartition, more: Partial<DetectDriftOptions> = {}) =>
    detectDrift({
      date: '2024-02-05',
      partition,
      openDuckDb,
      expected: featureSet,
      champion,
      ...more,
    });
  const metric = (report: DriftReport, subject: string, name: string) =>
    report.metrics.find((row) => row.subject === subject && row.metric === name);
  const keys = (report: DriftReport) => report.alerts.map(({ key }) => key);

  /** Scores by one feature; a reference as training freezes it. */
  async function championTrainedOn(partition: PublishedPartition): Promise<DriftChampion> {
    const duckDb = await openDuckDb();
    const data = await readFeatureColumns(duckDb, partition, featureSet);
    duckDb.close();
    const columns = featureNames.map((name) =>
      selectRows(data.features.get(name)!, data.isEligible),
    );
    const scoreColumns = (given: readonly Float64Array[]) =>
      given[2]!.map((days) => 1 / (1 + Math.exp(2 - days / 8)));
    const scores = scoreColumns(columns);
    const meanScore = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    return {
      version: 'v001',
      schemaHash: featureSet.schemaHash,
      eligibilityHashes,
      scoreColumns,
      validationAuc: 0.8,
      seenThrough: '2024-01-01',
      reference: {
        rows: scores.length,
        features: columns.map((column, index) =>
          referenceDistribution(featureNames[index]!, column),
        ),
        scores: referenceDistribution('churn_probability', scores),
        mean_score: meanScore,
        last_known_churn_rate: meanScore,
      },
    };
  }

  it.each([2, 3, 4, 5, 6])('finds an ordinary day ordinary (day %p)', async (seed) => {
    const report = await detect(await day(`2024-02-0${seed}`, seed));
    expect(report).toMatchObject({ status: 'ok', alerts: [], model_version: 'v001' });
    expect(report).toMatchObject({ rows: 3_000, eligible_rows: 2_700, reference_rows: 18_000 });
    expect(metric(report, 'population', 'eligible_share')!.value).toBeCloseTo(0.9, 10);
    expect(report.metrics.every(({ status }) => status !== 'alert')).toBe(true);
  });

  it('has PSI, mean, z and shift of every feature and of the scores', async () => {
    const report = await detect(await day('2024-02-02', 2));
    for (const subject of [...featureNames, 'scores']) {
      for (const name of ['psi', 'mean', 'z_of_mean', 'standardised_shift']) {
        expect(metric(report, subject, name)!.value).toEqual(expect.any(Number));
      }
    }
    expect(metric(report, 'scores', 'churn_rate_gap')!.value).toBeCloseTo(0, 1);
  });

  it('alerts when one feature shifted, and on it alone', async () => {
    const shifted = await day('2024-02-07', 7, 3_000, {
      total_spend_90d: 'round(r * 200 + 60, 2)',
    });
    const report = await detect(shifted);
    expect(report.status).toBe('alert');
    expect(keys(report)).toEqual([
      'drift/2024-02-05/psi/total_spend_90d/v001',
      'drift/2024-02-05/z_of_mean/total_spend_90d/v001',
    ]);
    expect(report.alerts[0]).toMatchObject({ kind: 'drift', severity: 'critical' });
    expect(report.alerts[0]!.message).toContain('total_spend_90d: psi is');
  });

  it('sees scores drift and leave the last known churn rate', async () => {
    const days = { days_since_last_login: 'floor(r * 20 + 15)' };
    const report = await detect(await day('2024-02-08', 8, 3_000, days));
    expect(keys(report)).toEqual(
      expect.arrayContaining([
        'drift/2024-02-05/psi/scores/v001',
        'drift/2024-02-05/churn_rate_gap/scores/v001',
      ]),
    );
    const reference = { ...champion.reference, last_known_churn_rate: 0.9 };
    const known = await detect(await day('2024-02-02', 2), {
      champion: { ...champion, reference },
    });
    expect(keys(known)).toEqual(['drift/2024-02-05/churn_rate_gap/scores/v001']);
  });

  it('compares eligible users only', async () => {
    const silent = { sessions_30d: 'CASE WHEN i < 2000 THEN 0 ELSE 1 + floor(r * r * 60) END' };
    const report = await detect(await day('2024-02-09', 9, 3_000, silent));
    expect(report.eligible_rows).toBe(1_000);
    expect(metric(report, 'sessions_30d', 'psi')).toMatchObject({ rows: 1_000, status: 'ok' });
  });

  it('does not compare those who have left, however they behave', async () => {
    const report = await detect(
      await day('2024-02-09', 19, 3_000, {
        is_subscribed: 'i % 7 > 0',
        total_spend_90d: 'CASE WHEN i % 7 = 0 THEN 9999 ELSE round(r * 200, 2) END',
      }),
    );
    expect(report).toMatchObject({ status: 'ok', eligible_rows: 2_314, not_compared: null });
    expect(metric(report, 'total_spend_90d', 'mean')!.value).toBeLessThan(200);
  });

  it('keeps a row whose activity is null, so that it is seen', async () => {
    const report = await detect(
      await day('2024-02-13', 13, 3_000, { sessions_30d: 'CASE WHEN i >= 2000 THEN 5 END' }),
    );
    expect(report.eligible_rows).toBe(3_000);
  });

  describe('of a partition that does not say who is subscribed', () => {
    const old = (seed: number, more: Partial<Parameters<typeof writePartition>[1]> = {}) =>
      writePartition(scratch.path, {
        date: '2024-02-02',
        users: 3_000,
        ...beforeState,
        ...more,
        seed,
      });

    it('says no_state, compares nothing, and alerts of nothing: it is out of date, not broken', async () => {
      const report = await detect(await old(31));
      expect(report).toMatchObject({ status: 'no_state', alerts: [], eligible_rows: null });
      expect(report.not_compared).toContain('has no is_subscribed column');
      expect(metric(report, 'population', 'eligible_share')).toMatchObject({
        value: null,
        status: 'no_state',
      });
      expect(metric(report, 'schema', 'missing_columns')).toMatchObject({ value: 0 });
      expect(metric(report, 'sessions_30d', 'psi')).toBeUndefined();
    });

    it('says so also of a state of another definition', async () => {
      const hashes = { ...featureSet.definitionHashes, is_subscribed: 'another' };
      const report = await detect(await old(32, { sql: {}, definitionHashes: hashes }));
      expect(report).toMatchObject({ status: 'no_state', alerts: [], eligible_rows: null });
    });

    it('still looks at the schema', async () => {
      const sql = { ...beforeState.sql, is_pro_plan: 'absent' };
      const report = await detect(await old(33, { sql }));
      expect(report.status).toBe('alert');
      expect(keys(report)).toEqual(['schema/2024-02-05/missing_columns/schema/v001']);
    });

    it('alerts when its manifest says that there is a state, and there is none', async () => {
      const { definitionHashes } = featureSet;
      const report = await detect(await old(34, { definitionHashes }));
      expect(keys(report)).toEqual(['schema/2024-02-05/missing_columns/schema/v001']);
    });

    it('has no realised performance either', async () => {
      const matured = await old(35, {
        date: '2024-01-03',
        sql: { ...beforeState.sql, label_churned_30d: 'r > 0.7' },
        labelMature: true,
      });
      const report = await detect(await day('2024-02-02', 2), { matured });
      expect(metric(report, 'performance/2024-01-03', 'auc')).toMatchObject({
        value: null,
        status: 'no_state',
      });
      expect(report.status).toBe('ok');
    });
  });

  it.each<[string, DriftChampion['eligibilityHashes']]>([
    ['from before the record', null],
    ['of another state', { ...eligibilityHashes, is_subscribed: 'another' }],
  ])('has no reference in a champion %s, until the next training', async (_what, hashes) => {
    const matured = await writePartition(scratch.path, {
      date: '2024-01-03',
      seed: 36,
      users: 3_000,
      sql: { label_churned_30d: 'r > 0.7' },
      labelMature: true,
    });
    const report = await detect(
      await day('2024-02-07', 7, 3_000, { total_spend_90d: 'round(r * 200 + 60, 2)' }),
      { champion: { ...champion, eligibilityHashes: hashes }, matured },
    );
    expect(report).toMatchObject({ status: 'no_reference', model_version: 'v001', alerts: [] });
    expect(report.not_compared).toContain('is_subscribed and sessions_30d > 0');
    expect(metric(report, 'total_spend_90d', 'mean')).toMatchObject({ status: 'no_reference' });
    expect(metric(report, 'performance/2024-01-03', 'auc')).toMatchObject({
      value: null,
      status: 'no_reference',
    });
  });

  it('says insufficient_sample instead of ok or alert for a handful of users', async () => {
    const few = await day('2024-02-10', 10, 60, { total_spend_90d: '9999' });
    const report = await detect(few);
    expect(report).toMatchObject({ status: 'insufficient_sample', alerts: [] });
  });

  it('says no_reference without a champion, and still looks at the schema', async () => {
    const report = await detect(await day('2024-02-02', 2), { champion: null });
    expect(report).toMatchObject({ status: 'no_reference', model_version: null, alerts: [] });
    expect(metric(report, 'sessions_30d', 'mean')).toMatchObject({ status: 'no_reference' });
    expect(metric(report, 'schema', 'missing_columns')).toMatchObject({ value: 0, status: 'ok' });
  });

  it('alerts on missing, extra, retyped and null columns', async () => {
    const partition = await writePartition(scratch.path, {
      date: '2024-02-11',
      seed: 11,
      users: 500,
      sql: {
        is_pro_plan: 'absent',
        days_since_last_login: 'floor(r * 20)::BIGINT',
        total_spend_90d: 'CASE WHEN i % 2 = 0 THEN round(r * 200, 2) END',
      },
      more: ', 1 AS surprise',
    });
    const report = await detect(partition);
    expect(keys(report)).toEqual(
      expect.arrayContaining([
        'schema/2024-02-05/missing_columns/schema/v001',
        'schema/2024-02-05/extra_columns/schema/v001',
        'schema/2024-02-05/retyped_columns/schema/v001',
        'schema/2024-02-05/null_share/total_spend_90d/v001',
        'drift/2024-02-05/psi/total_spend_90d/v001',
      ]),
    );
    expect(metric(report, 'total_spend_90d', 'null_share')!.value).toBe(0.5);
    expect(metric(report, 'scores', 'psi')).toMatchObject({ status: 'insufficient_sample' });
  });

  it('does not compare features of another schema', async () => {
    const report = await detect(await day('2024-02-02', 2), {
      champion: { ...champion, schemaHash: 'another' },
    });
    expect(keys(report)).toEqual(['schema/2024-02-05/hash_mismatch/schema/v001']);
    expect(metric(report, 'sessions_30d', 'psi')).toBeUndefined();
  });

  describe('realised performance', () => {
    const labelled = (date: string, label: string) =>
      writePartition(scratch.path, {
        date,
        seed: 20,
        users: 3_000,
        sql: { label_churned_30d: label },
        labelMature: true,
      });

    it('is AUC, log loss and Brier once labels are known', async () => {
      const matured = await labelled(
        '2024-01-03',
        'CASE WHEN i % 50 = 1 THEN NULL ELSE r > 0.7 END',
      );
      const report = await detect(await day('2024-02-02', 2), { matured });
      const subject = 'performance/2024-01-03';
      expect(metric(report, subject, 'auc')).toMatchObject({ status: 'ok', rows: 2_640 });
      expect(metric(report, subject, 'auc')!.value).toBeGreaterThan(0.99);
      expect(metric(report, subject, 'auc')!.threshold).toBeCloseTo(0.75, 10);
      expect(metric(report, subject, 'log_loss')!.value).toBeGreaterThan(0);
      expect(metric(report, subject, 'brier')!.value).toBeGreaterThan(0);
      expect(metric(report, subject, 'churn_rate')!.value).toBeCloseTo(0.3, 1);
    });

    it('alerts when the model has become worse than its validation', async () => {
      const matured = await labelled('2024-01-04', 'hash(i) % 3 = 0');
      const report = await detect(await day('2024-02-02', 2), { matured });
      expect(keys(report)).toEqual(['performance/2024-02-05/auc/performance/2024-01-04/v001']);
    });

    it('is marked, and does not alert, on labels the model has seen', async () => {
      const matured = await labelled('2024-01-01', 'hash(i) % 3 = 0');
      const report = await detect(await day('2024-02-02', 2), { matured });
      expect(report.alerts).toEqual([]);
      expect(metric(report, 'performance/2024-01-01', 'auc')).toMatchObject({
        status: 'in_sample',
      });
    });

    it('is left out while labels are not known', async () => {
      const report = await detect(await day('2024-02-02', 2), {
        matured: await day('2024-01-30', 3),
      });
      expect(report.metrics.some(({ subject }) => subject.startsWith('performance'))).toBe(false);
    });
  });

  describe('the drift log', () => {
    it('keeps every number of the day, the same bytes for the same inputs', async () => {
      const partition = await day('2024-02-12', 12);
      const report = await detect(partition);
      const driftLogsDir = path.join(scratch.path, 'drift_logs');
      const write = ({ date, metrics }: DriftReport) =>
        writeDriftLog({ date, metrics, driftLogsDir, openDuckDb });
      const file = await write(report);
      expect(file).toBe(path.join(driftLogsDir, 'year=2024/month=02/day=05.parquet'));
      const bytes = readFileSync(file);
      await write(await detect(partition));
      expect(readFileSync(file).equals(bytes)).toBe(true);
      expect(await readDriftLog({ date: report.date, driftLogsDir, openDuckDb })).toEqual(
        report.metrics,
      );
    });

    it('is null for a day without one, and may be empty', async () => {
      const driftLogsDir = path.join(scratch.path, 'other_logs');
      const date = '2024-03-01';
      expect(await readDriftLog({ date, driftLogsDir, openDuckDb })).toBeNull();
      await writeDriftLog({ date, metrics: [], driftLogsDir, openDuckDb });
      expect(await readDriftLog({ date, driftLogsDir, openDuckDb })).toEqual([]);
    });
  });
});
