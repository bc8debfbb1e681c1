import { reportFigure } from '../report-figure';
import type { SecureServers, Settings } from './open-secure-servers';
import { churn } from './real-processes';
import { describeWhenDeep } from '../../environment/when-deep';

const PREDICTIONS = 10_000;
const AT_ONCE = 32;
const generated = { from: '2024-01-31', to: '2024-05-31' };
const dateCount = 122;
const nextDay = '2024-06-01';

interface Status {
  readonly services: readonly { name: string; status: string; url: string }[];
}

describeWhenDeep('an installation whose servers all ask for TLS', () => {
  let servers: SecureServers;
  let settings: Settings;

  // What is loaded here costs nothing where these tests do not run.
  beforeAll(async () => {
    const { openSecureServers } = await import('./open-secure-servers');
    servers = await openSecureServers();
    settings = { ...servers.settings, CHURN_DATA_DIR: `${servers.folder}/installation` };
    await document('up');
  }, 120_000);
  afterAll(async () => {
    await churn(settings, 'down');
    await servers.close();
  }, 120_000);

  /** What a command prints with --json. */
  async function document<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const { code, out, err } = await churn(settings, ...args, '--json');
    if (code !== 0) throw new Error(`churn ${args.join(' ')}: ${code}\n${out}\n${err}`);
    return JSON.parse(out) as T;
  }

  async function ask<T>(query: string): Promise<T[]> {
    const { openDatabase } = await import('../../../packages/database/open-database');
    const database = openDatabase(settings.DATABASE_URL!, { maxConnections: 1 });
    const rows = await database.sql.unsafe(query);
    await database.close();
    return [...rows] as unknown as T[];
  }

  it('has them as external servers, and worker and API of its own', async () => {
    const { services } = await document<Status>('status');
    expect(services.map(({ name, status }) => [name, status])).toEqual([
      ['postgres', 'external'],
      ['redis', 'external'],
      ['temporal', 'external'],
      ['worker', 'running'],
      ['api', 'running'],
    ]);
  });

  it('backfills, and trains a model', async () => {
    const range = ['--from', generated.from, '--to', generated.to];
    await document('generate', '--users', '60', '--seed', '7', ...range);
    const backfill = await document('backfill', ...range, '--train');
    expect(backfill).toMatchObject({ status: 'succeeded', succeeded: dateCount, failed: [] });
    const models = await document('models', 'list');
    expect(models).toMatchObject({ aliases: { champion: 'v001' } });
  }, 300_000);

  it('has a daily run', async () => {
    expect(await document('run-day', nextDay)).toMatchObject({ date: nextDay });
    expect(await ask(`select status from ops.daily_runs where date = '${nextDay}'`)).toEqual([
      { status: 'succeeded' },
    ]);
    expect(await document('audit', 'online')).toMatchObject({ missing: 0, extra: 0 });
  }, 300_000);

  it('answers 10,000 predictions, and logs each of them', async () => {
    const { services } = await document<Status>('status');
    const api = services.find(({ name }) => name === 'api')!.url;
    const { users } = await document<{ users: { user_id: string }[] }>('at-risk', '--limit', '20');
    expect(users).toHaveLength(20);
    const started = performance.now();
    const statuses = new Map<number, number>();
    let asked = 0;
    const client = async () => {
      while (asked < PREDICTIONS) {
        const { user_id } = users[(asked += 1) % users.length]!;
        const answer = await fetch(`${api}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ user_id }),
        });
        await answer.arrayBuffer();
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    reportFigure(
      'predictions by an API whose Redis and Postgres ask for TLS',
      PREDICTIONS,
      (performance.now() - started) / 1_000,
    );
    expect([...statuses]).toEqual([[200, PREDICTIONS]]);
    const logged = 'select count(*)::int n from ops.predictions';
    let [row] = await ask<{ n: number }>(logged);
    while (row!.n < PREDICTIONS) [row] = await ask<{ n: number }>(logged);
    expect(row).toEqual({ n: PREDICTIONS });
  }, 300_000);

  it('serves every metric that the dashboard and the rules ask for', async () => {
    const { metricNamesOf, readQueries } = await import('../../monitoring/metric-names');
    const { services } = await document<Status>('status');
    const urlOf = (name: string) => services.find((each) => each.name === name)!.url;
    const pages = [`${urlOf('api')}/metrics`, urlOf('worker')].map(async (url) =>
      (await fetch(url)).text(),
    );
    const text = (await Promise.all(pages)).join('\n');
    const served = new Set([...text.matchAll(/^(?:# TYPE )?(\w+)/gm)].map(([, name]) => name));
    const missing = readQueries()
      .flatMap(metricNamesOf)
      .filter((name) => !served.has(name) && !served.has(name.replace(/_(bucket|count)$/, '')));
    // Prometheus has the first; the worker the others once a step has failed, or a day was missed.
    const later = ['up', 'churn_step_failures_total', 'churn_daily_runs_unfinished'];
    expect(missing.filter((name) => !later.includes(name))).toEqual([]);
  });

  it('has no connection to Postgres without TLS', async () => {
    const connections = await ask(`
      select ssl, count(*) > 1 as "isSeveral" from pg_stat_ssl
        join pg_stat_activity using (pid) where datname = 'churn' group by ssl`);
    expect(connections).toEqual([{ ssl: true, isSeveral: true }]);
  });
});
