import { areaUnderCurve } from '../../bench/reachable-auc/area-under-curve';
import { bestReachableAuc } from '../../bench/reachable-auc/best-reachable-auc';
import { fitBoostedTrees } from '../../bench/reachable-auc/boosted-trees';
import { featureNames, labelledRows } from '../../bench/reachable-auc/labelled-rows';
import { copyFile, stat, writeFile } from 'node:fs/promises';
import type { PartitionManifest } from '../../packages/contracts/partitions';
import { copyToParquet, readParquet } from '../../packages/duckdb/open-duckdb';
import { addDays, datesBetween } from '../../packages/instants/logical-date';
import type { ModelMetadata } from '../../packages/modeling/model-documents';
import { sha256OfFile } from '../../packages/durable-files/file-hash';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';
import { reportFigure } from './report-figure';
import { isDeep } from '../environment/depth';

/** Of the synthetic world. */
const VERSION = 2;
const START = '2024-01-01';
const END = '2024-12-31';
const USERS = isDeep ? 10_000 : 1_400;
/** Days that came after the model's, spread over the weekdays. */
const ORDINARY_DAYS = [0, 1, 2, 5, 9, 13, 17, 22].map((back) => addDays(END, -back));
const SHIFTED_DAY = addDays(END, -3);
/** Users whom the year under test does not have. */
const OTHER_WORLD = { version: VERSION, seed: 7, users: 3_000, start: START };

describe('a synthetic year', () => {
  let application: TestApplication;
  let model: ModelMetadata;

  beforeAll(async () => {
    application = await openTestApplication();
    const started = performance.now();
    const world = { version: VERSION, users: USERS, seed: 42 };
    await application.services.generate({ from: START, to: END, ...world }, quietly);
    const loaded = performance.now();
    // From the first day of training on: what lies before, no model reads.
    await backfill(application, { from: '2024-04-01', to: END });
    const computed = performance.now();
    model = (await application.services.train({ asOf: END }, quietly)).metadata;
    const seconds = [loaded - started, computed - loaded, performance.now() - computed];
    reportFigure(
      `Synthetic year, ${USERS} users: seconds of load, backfill, training`,
      seconds.map((millis) => (millis / 1_000).toFixed(1)).join(', '),
    );
  }, 300_000);

  afterAll(() => application?.remove());

  it('is learned: validation AUC is within 0.02 of the best reachable', () => {
    const { metrics, recency_baseline: recency } = model;
    reportFigure(
      `Synthetic year, ${USERS} users: AUC, best reachable, recency alone`,
      [metrics.auc, bestReachableAuc, recency!.auc].map((auc) => auc.toFixed(4)).join(', '),
    );
    expect(metrics.rows).toBeGreaterThan(5_000);
    expect(Math.abs(metrics.auc - bestReachableAuc)).toBeLessThan(0.02);
  });

  it('is learned as well as boosted trees know its days from another world, within 0.01', async () => {
    const days = datesBetween('2024-04-30', '2024-11-30').filter((_, index) => index % 30 === 0);
    const others = [...labelledRows(OTHER_WORLD, days)].filter((row) => row.isSubscribed);
    const scoreOf = fitBoostedTrees(
      others.map((row) => row.features),
      others.map((row) => row.churned),
    );
    const rows = await validationRows(application, model);
    const best = areaUnderCurve(
      rows.map((row) => scoreOf(row.features)),
      rows.map((row) => row.churned),
    );
    reportFigure(
      'Synthetic year: AUC of boosted trees, trained on other synthetic users, on the same rows',
      best.toFixed(4),
    );
    // Eligible only by what came late: such a user is in the partition, and was not served.
    expect(Math.abs(rows.length / model.metrics.rows - 1)).toBeLessThan(0.001);
    expect(model.metrics.auc).toBeGreaterThan(best - 0.01);
  }, 120_000);

  it('is learned better than by recency alone', () => {
    expect(model.metrics.auc).toBeGreaterThan(model.recency_baseline!.auc + 0.02);
  });

  it('is learned from six full months, with a purged gap before the validation', () => {
    expect(model.status).toBe('converged');
    expect(model.split.training).toMatchObject({ to: '2024-10-01' });
    expect(model.split.training.days).toBeGreaterThan(180);
    expect(model.split.gap.days).toBe(30);
    expect(model.split.validation).toEqual({ from: '2024-11-01', to: '2024-11-30', days: 30 });
  });

  it('lists nobody who has left, though many who have are active', async () => {
    const { users, feature_time: at } = await application.services.atRisk({ limit: USERS });
    const gone = await usersWhoLeft(application, at);
    const active = await activeUsers(application, at);
    const listed = users.map(({ user_id }) => user_id);
    expect(active.filter((user) => gone.has(user)).length).toBeGreaterThan(USERS / 100);
    expect(listed.filter((user) => gone.has(user))).toEqual([]);
    expect(listed.toSorted()).toEqual(active.filter((user) => !gone.has(user)).toSorted());
  });

  it.each(ORDINARY_DAYS)('has an ordinary day, %s, that does not alert', async (date) => {
    const { status, alerts } = await application.services.drift(date);
    expect(alerts).toEqual([]);
    expect(status).toBe('ok');
  });

  it('alerts on a day whose sessions_30d was shifted by 4, and names the feature', async () => {
    await shift(application, SHIFTED_DAY, 'sessions_30d + 4');
    const { status, alerts } = await application.services.drift(SHIFTED_DAY);
    expect(status).toBe('alert');
    expect(alerts.map(({ message }) => message).join('\n')).toContain('sessions_30d');
    const stored = await application.adapters.database.sql<{ n: number }[]>`
      select count(*) as n from ops.alerts where date = ${SHIFTED_DAY}`;
    expect(stored[0]?.n).toBe(alerts.length);
  });
});

/**
 * Who has left by a moment, from the raw rows alone: whose latest cancellation nothing follows that
 * brings them back. All rows have arrived when the newest day is computed, or arrive later than it.
 */
async function usersWhoLeft({ adapters }: TestApplication, at: string): Promise<Set<string>> {
  const rows = await adapters.database.sql<{ user_id: string }[]>`
    with known_billing as (
      select * from raw_data.billing_events
      where event_time <= ${at} and ingested_at <= ${at}::timestamptz + interval '1 hour'
    ), ended as (
      select user_id, max(event_time) as at from known_billing
      where event_type = 'subscription_cancelled' group by user_id
    )
    select user_id from ended where not exists (
      select 1 from known_billing b where b.user_id = ended.user_id and b.event_time > ended.at
        and (b.event_type = 'subscription_started' or b.event_type = 'charge_succeeded'
          and b.event_time > ended.at + interval '3 days')
    ) and not exists (
      select 1 from raw_data.plan_changes c where c.user_id = ended.user_id
        and c.event_time > ended.at and c.event_time <= ${at}
        and c.ingested_at <= ${at}::timestamptz + interval '1 hour'
    )`;
  return new Set(rows.map(({ user_id }) => user_id));
}

/** Who had a session in the 30 days before a moment, from the raw rows alone. */
async function activeUsers({ adapters }: TestApplication, at: string): Promise<string[]> {
  const rows = await adapters.database.sql<{ user_id: string }[]>`
    select distinct user_id from raw_data.user_events
    where event_time <= ${at} and event_time > ${at}::timestamptz - interval '30 days'
      and ingested_at <= ${at}::timestamptz + interval '1 hour'`;
  return rows.map(({ user_id }) => user_id);
}

interface LabelledVector {
  readonly features: readonly number[];
  readonly churned: boolean;
}

/** The eligible rows of the days that a model was validated on, as the partitions have them now. */
async function validationRows(
  { adapters }: TestApplication,
  { split }: ModelMetadata,
): Promise<LabelledVector[]> {
  const { from, to } = split.validation;
  const files = datesBetween(from, to).map((date) => partitionPaths(adapters.paths, date).dayFile);
  const duckDb = await adapters.openDuckDb();
  const rows = await duckDb.rows(
    `SELECT * FROM ${readParquet(files)} WHERE is_subscribed AND sessions_30d > 0`,
  );
  duckDb.close();
  return rows.map((row) => ({
    features: featureNames.map((name) => Number(row[name])),
    churned: row.label_churned_30d === true,
  }));
}

/** Publishes a revision of a date with another `sessions_30d`, as a fault of the source would. */
async function shift({ adapters }: TestApplication, date: string, sessions: string): Promise<void> {
  const { ledger, paths, database } = adapters;
  const manifest = (await ledger.list({ from: date, to: date }))[0]!.manifest!;
  const files = partitionPaths(paths, date);
  const revision = manifest.revision + 1;
  const file = files.revisionFile(revision);
  const duckDb = await adapters.openDuckDb();
  const before = readParquet([files.revisionFile(manifest.revision)]);
  const shifted = `SELECT * REPLACE ((${sessions})::INTEGER AS sessions_30d) FROM ${before}`;
  await duckDb.run(copyToParquet(shifted, file));
  duckDb.close();
  const next: PartitionManifest = {
    ...manifest,
    revision,
    bytes: (await stat(file)).size,
    sha256: await sha256OfFile(file),
    reason: 'shifted on purpose',
  };
  await writeFile(files.manifestFile(revision), JSON.stringify(next));
  await copyFile(file, files.dayFile);
  await database.sql`
    update ops.partition_runs set revision = ${revision}, manifest = ${database.sql.json(next as never)}
    where date = ${date}`;
}
