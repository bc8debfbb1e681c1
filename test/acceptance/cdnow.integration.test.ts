import path from 'node:path';
import { runCommandLine } from '../../packages/cli/program';
import { taskQueues } from '../../packages/contracts/pipeline';
import { datesBetween } from '../../packages/instants/logical-date';
import type { EvaluationMetrics, ModelMetadata } from '../../packages/modeling/model-documents';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { createOwnServerRig, type WorkflowRig } from '../workflows/workflow-rig';
import { openTestApplication, type TestApplication } from './open-test-platform';
import { reportFigure } from './report-figure';

const folder = path.resolve(__dirname, '../../examples/cdnow');
const RANGE = { from: '1997-02-01', to: '1998-06-30' };

interface LoadDocument {
  readonly batch: number | null;
  readonly loaded: Record<string, number>;
  readonly unchanged: Record<string, number>;
  readonly rejected: Record<string, Record<string, number>>;
}

interface AtRiskDocument {
  readonly users: readonly { user_id: string; churn_probability: number; reasons: string[] }[];
}

/** What the README's commands print, in the order in which they are given. */
interface Printed {
  readonly load: LoadDocument;
  readonly backfill: { status: string; planned: number; succeeded: number; failed: string[] };
  readonly model: ModelMetadata;
  readonly modelAsText: string;
  readonly atRisk: AtRiskDocument;
  readonly again: LoadDocument;
}

describe('the purchase log of CDNOW, by the command line', () => {
  let rig: WorkflowRig;
  let application: TestApplication;
  let printed: Printed;

  /** Runs `churn …` and returns what it prints on stdout. */
  async function churn(...argv: string[]): Promise<string> {
    let out = '';
    let err = '';
    const code = await runCommandLine(argv, {
      env: application.env,
      now: () => BigInt(Date.now()) * 1000n,
      terminal: {
        out: (text) => void (out += text),
        err: (text) => void (err += text),
        clock: () => performance.now(),
        isInteractive: false,
      },
    });
    if (code !== 0) throw new Error(`churn ${argv.join(' ')} exited with ${code}: ${err}`);
    return out;
  }

  const churnJson = async <Document>(...argv: string[]): Promise<Document> =>
    JSON.parse(await churn(...argv, '--json')) as Document;

  beforeAll(async () => {
    rig = await createOwnServerRig();
    application = await openTestApplication({ temporalAddress: rig.env.address });
    const { from, to } = RANGE;
    const load = await churnJson<LoadDocument>('import', folder);
    const started = performance.now();
    const backfill = await rig.run(
      { ports: application.pipelinePorts, queues: taskQueues },
      async () => churnJson<Printed['backfill']>('backfill', '--from', from, '--to', to),
    );
    const seconds = (performance.now() - started) / 1_000;
    reportFigure('CDNOW: dates backfilled through Temporal', backfill.succeeded, seconds);
    const model = await churnJson<ModelMetadata>('train', '--as-of', to);
    const modelAsText = await churn('models', 'show', model.model_version);
    const atRisk = await churnJson<AtRiskDocument>('at-risk', '--limit', '20');
    const again = await churnJson<LoadDocument>('import', folder);
    printed = { load, backfill, model, modelAsText, atRisk, again };
  }, 300_000);

  afterAll(async () => {
    await application?.remove();
    await rig?.close();
  });

  it('is 2,357 users and every one of their purchases, none rejected', () => {
    const { batch, loaded, rejected } = printed.load;
    expect(batch).toBe(1);
    expect(loaded).toEqual({
      users: 2_357,
      plan_changes: 0,
      user_events: 13_838,
      billing_events: 6_911,
      user_attributes: 0,
    });
    expect(Object.values(rejected).flatMap((reasons) => Object.values(reasons))).toEqual([]);
  });

  it('changes nothing when it is imported again', () => {
    const { batch, loaded, unchanged } = printed.again;
    expect(batch).toBeNull();
    expect(Object.values(loaded)).toEqual([0, 0, 0, 0, 0]);
    expect(unchanged).toEqual(printed.load.loaded);
  });

  it('is backfilled for every date of the 17 months', () => {
    const days = datesBetween(RANGE.from, RANGE.to).length;
    const { status, planned, succeeded, failed } = printed.backfill;
    expect({ status, planned, succeeded, failed }).toEqual({
      status: 'succeeded',
      planned: days,
      succeeded: days,
      failed: [],
    });
  });

  it('has labels through 1998-05-31 and none after', async () => {
    const duckDb = await application.adapters.openDuckDb();
    const files = datesBetween(RANGE.from, RANGE.to).map(
      (date) => partitionPaths(application.adapters.paths, date).dayFile,
    );
    const list = files.map((file) => `'${file}'`).join(', ');
    const days = await duckDb.rows<{ day: string; rows: bigint; known: bigint }>(
      `SELECT strftime(feature_time, '%Y-%m-%d') AS day, count(*) AS rows, count(label_churned_30d) AS known
       FROM read_parquet([${list}]) GROUP BY day ORDER BY day`,
    );
    duckDb.close();
    const withLabels = days.filter(({ rows, known }) => known === rows).map(({ day }) => day);
    const without = days.filter(({ known }) => known === 0n).map(({ day }) => day);
    expect(withLabels).toEqual(datesBetween(RANGE.from, '1998-05-31'));
    expect(without).toEqual(datesBetween('1998-06-01', RANGE.to));
  });

  it('is validated on 1998-05-01 to 05-30, about 3,800 eligible rows', () => {
    const { split, data } = printed.model;
    expect(split.validation).toEqual({ from: '1998-05-01', to: '1998-05-30', days: 30 });
    expect(split.gap).toEqual({ from: '1998-04-01', to: '1998-04-30', days: 30 });
    reportFigure('CDNOW: eligible validation rows', data.validation_rows);
    expect(data.validation_rows).toBeGreaterThanOrEqual(3_600);
    expect(data.validation_rows).toBeLessThanOrEqual(4_000);
  });

  it('has its eligible validation rows counted alike by the partitions and by the model', async () => {
    const duckDb = await application.adapters.openDuckDb();
    const files = datesBetween('1998-05-01', '1998-05-30').map(
      (date) => `'${partitionPaths(application.adapters.paths, date).dayFile}'`,
    );
    const [counted] = await duckDb.rows<{ rows: bigint; churned: bigint }>(
      `SELECT count(*) AS rows, count(*) FILTER (label_churned_30d) AS churned
       FROM read_parquet([${files.join(', ')}]) WHERE is_subscribed AND sessions_30d > 0`,
    );
    duckDb.close();
    const { rows, positives } = printed.model.metrics;
    expect({ rows: BigInt(rows), churned: BigInt(positives) }).toEqual(counted);
  });

  it('gets a report with AUC and base rate of the validation rows beside recency alone', () => {
    const { metrics, recency_baseline: recency, data } = printed.model;
    for (const measured of [metrics, recency!]) {
      expect(measured.rows).toBe(data.validation_rows);
      expect(measured.base_rate).toBe(data.validation_positives / data.validation_rows);
    }
    reportFigure('CDNOW: AUC, recency alone, base rate', figures(metrics, recency!));
    expect(metrics.auc).toBeGreaterThan(recency!.auc);
    const shown = printed.modelAsText;
    expect(shown).toContain(
      `validation 1998-05-01 to 1998-05-30: ${data.validation_rows} eligible rows, base rate ${metrics.base_rate.toFixed(4)}`,
    );
    expect(shown).toMatch(new RegExp(`^model +${metrics.auc.toFixed(4)}`, 'm'));
    expect(shown).toMatch(new RegExp(`^recency only +${recency!.auc.toFixed(4)}`, 'm'));
  });

  it('lists those most at risk first, each with reasons', () => {
    const { users } = printed.atRisk;
    const probabilities = users.map((user) => user.churn_probability);
    expect(users).toHaveLength(20);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(users.every(({ reasons }) => reasons.length > 0)).toBe(true);
  });

  it('predicts for an active user what the list says of them', async () => {
    const [first] = printed.atRisk.users;
    const prediction = await churnJson<{ churn_probability: number; feature_time: string }>(
      'predict',
      first!.user_id,
    );
    expect(prediction.feature_time).toBe('1998-06-30T00:00:00.000000Z');
    expect(prediction.churn_probability).toBe(first!.churn_probability);
    expect(prediction.churn_probability).toBeGreaterThan(0);
    expect(prediction.churn_probability).toBeLessThan(1);
  });
});

function figures(metrics: EvaluationMetrics, recency: EvaluationMetrics): string {
  return [metrics.auc, recency.auc, metrics.base_rate].map((value) => value.toFixed(4)).join(', ');
}
