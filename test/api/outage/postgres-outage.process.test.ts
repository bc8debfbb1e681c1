import { readdirSync } from 'node:fs';
import path from 'node:path';
import { reportFigure } from '../../acceptance/report-figure';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { AskedApi, type Answer } from './asked-api';
import { startProxy, type SeverableProxy } from './severable-proxy';
import { isDeep } from '../../environment/depth';

const PER_SECOND = 1_500;
/** Of each process, while Postgres is away: five minutes, or a second and a half. */
const OUTAGE_ANSWERS = PER_SECOND * (isDeep ? 300 : 1.5);
/** docs/OPERATIONS.md, "The prediction log". */
const LOST_AT_MOST_MS = 1_000;
const ENDS_WITHIN_MS = 8_000;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe('three API processes while Postgres is away', () => {
  const scratch = createScratchDirectory();
  const started: AskedApi[] = [];
  let database: TestDatabase;
  let proxy: SeverableProxy;
  let throughProxy: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const url = new URL(database.url);
    proxy = await startProxy({ host: url.hostname, port: Number(url.port) });
    url.host = `127.0.0.1:${proxy.port}`;
    throughProxy = url.href;
  });
  afterAll(async () => {
    for (const api of started) api.kill();
    await proxy.sever();
    await database.drop();
    scratch.remove();
  });

  const start = async (): Promise<AskedApi> => {
    const api = await AskedApi.start(throughProxy, scratch.path);
    started.push(api);
    return api;
  };

  it(
    'log every prediction that was answered once, but those of the last moment before a kill',
    async () => {
      const three = await Promise.all([start(), start(), start()]);
      const [stopped, killed, surviving] = three;
      await Promise.all(three.map((api) => api.ask(500, PER_SECOND)));
      proxy.silence();
      await Promise.all(three.map((api) => api.ask(OUTAGE_ANSWERS / 3, PER_SECOND)));
      await proxy.sever();
      await Promise.all(three.map((api) => api.ask((OUTAGE_ANSWERS * 2) / 3, PER_SECOND)));

      const spooled = 'churn_prediction_log_spooled_total';
      const spooledBefore = (await stopped.metric(spooled)) + (await surviving.metric(spooled));
      const asked = [stopped, killed].map((api) => api.ask(Infinity, PER_SECOND));
      const answeredBefore = killed.answers.length;
      await until(() => killed.answers.length > answeredBefore);
      const killedAt = performance.now();
      await killed.end('SIGKILL');
      await stopped.beginRequest();
      expect(await stopped.end('SIGTERM')).toBeLessThan(ENDS_WITHIN_MS);
      await Promise.all(asked);
      const successor = await start();
      await successor.ask(500, PER_SECOND);
      // One of the two takes over what the others left, and their counts.
      await successor.until(
        spooled,
        async (n) => n + (await surviving.metric(spooled)) > spooledBefore,
      );

      await proxy.restore();
      for (const api of [surviving, successor]) {
        await api.until('churn_prediction_log_pending', (n) => n === 0);
        await api.ask(100, PER_SECOND);
        expect(await api.metric('churn_prediction_log_dropped_total')).toBe(0);
        await api.end('SIGTERM');
      }

      const lost = await lostOf(killed.answers);
      expect(lost.filter(({ at }) => at < killedAt - LOST_AT_MOST_MS)).toEqual([]);
      for (const api of [stopped, surviving, successor]) {
        expect(await lostOf(api.answers)).toEqual([]);
      }
      const answered = started.reduce((sum, { answers }) => sum + answers.length, 0);
      const rows = await countRows();
      // What the killed process had logged but its client has not received.
      expect(rows - (answered - lost.length)).toBeLessThanOrEqual(50);
      expect(rows).toBeGreaterThanOrEqual(answered - lost.length);
      const left = readdirSync(path.join(scratch.path, 'predictions-spool'));
      expect(left.filter((name) => name.endsWith('.jsonl'))).toEqual([]);
      const oldest = Math.min(killedAt, ...lost.map(({ at }) => at));
      reportFigure(
        `predictions of three API processes with Postgres away for ${OUTAGE_ANSWERS / PER_SECOND} s; one was killed and lost ${lost.length}, of its last ${(killedAt - oldest).toFixed(0)} ms`,
        answered,
      );
    },
    isDeep ? 1_200_000 : 60_000,
  );

  async function countRows(): Promise<number> {
    const [row] = await database.sql<{ n: number }[]>`select count(*) as n from ops.predictions`;
    return row!.n;
  }

  /** The answers whose predictions are not in the log. */
  async function lostOf(answers: readonly Answer[]): Promise<Answer[]> {
    const ids = JSON.stringify(answers.map(({ id }) => id));
    const rows = await database.sql<{ id: string }[]>`
      select id from jsonb_array_elements_text(${ids}::text::jsonb) as id
      where not exists (select from ops.predictions where prediction_id = id::uuid)`;
    const lost = new Set(rows.map(({ id }) => id));
    return answers.filter(({ id }) => lost.has(id));
  }
});
