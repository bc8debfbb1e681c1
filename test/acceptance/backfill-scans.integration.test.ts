import type { DuckDb } from '../../packages/duckdb/open-duckdb';
import { datesBetween } from '../../packages/instants/logical-date';
import { createPipelinePorts } from '../../packages/application/create-pipeline-ports';
import type { PipelinePorts } from '../../packages/contracts/pipeline-ports';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';
import { reportFigure } from './report-figure';

const YEAR = { from: '2024-01-02', to: '2024-12-31' };
const SCANS_MAX = 15;

/** A row count comes from the footers of the files; every other statement over them is a scan. */
function isScanOfEvents(sql: string): boolean {
  const readsEvents = /read_parquet\([^)]*user_events\.parquet/.test(sql);
  const isFooterCount = /^SELECT count\(\*\) AS n FROM read_parquet\([^)]*\)$/.test(sql);
  return readsEvents && !isFooterCount;
}

/** The platform's ports over a DuckDB that says which statements it is given. */
function listening(
  { adapters }: TestApplication,
  onStatement: (sql: string) => void,
): PipelinePorts {
  const listeningTo = (duckDb: DuckDb): DuckDb => ({
    ...duckDb,
    connection: Object.assign(Object.create(duckDb.connection) as typeof duckDb.connection, {
      run: (sql: string) => {
        onStatement(sql);
        return duckDb.connection.run(sql);
      },
    }),
    openSingleThreaded: async () => listeningTo(await duckDb.openSingleThreaded()),
    run: (sql, signal) => {
      onStatement(sql);
      return duckDb.run(sql, signal);
    },
    rows: (sql, signal) => {
      onStatement(sql);
      return duckDb.rows(sql, signal);
    },
  });
  const openDuckDb = async (directories?: readonly string[]) =>
    listeningTo(await adapters.openDuckDb(directories));
  return createPipelinePorts({ ...adapters, openDuckDb });
}

describe('a backfill of 365 days', () => {
  let application: TestApplication;
  let scans = 0;
  let pipelinePorts: PipelinePorts;

  beforeAll(async () => {
    application = await openTestApplication();
    const { to } = YEAR;
    await application.services.generate({ from: '2024-01-01', to, users: 40, seed: 42 }, quietly);
    await application.adapters.rawLog();
    pipelinePorts = listening(application, (sql) => {
      if (isScanOfEvents(sql)) scans += 1;
    });
  }, 120_000);

  beforeEach(() => {
    scans = 0;
  });

  afterAll(() => application?.remove());

  it(`scans the events at most ${SCANS_MAX} times`, async () => {
    const started = performance.now();
    const outcomes = await backfill({ pipelinePorts }, YEAR);
    const seconds = (performance.now() - started) / 1_000;
    expect(outcomes).toHaveLength(365);
    reportFigure('Scans of the events by a backfill of 365 days', scans, seconds);
    expect(scans).toBeGreaterThan(0);
    expect(scans).toBeLessThanOrEqual(SCANS_MAX);
  }, 120_000);

  it('scans them no more often when every second date is done already', async () => {
    const { sql } = application.adapters.database;
    const everySecond = datesBetween(YEAR.from, YEAR.to).filter((_, index) => index % 2 === 0);
    await sql`update ops.partition_runs set status = 'failed' where date = any(${everySecond})`;
    const outcomes = await backfill(
      { pipelinePorts },
      { ...YEAR, reprocess: 'missing-and-failed' },
    );
    expect(outcomes.map(({ date }) => date)).toEqual(everySecond);
    reportFigure('Scans of the events if every second date is left out', scans);
    expect(scans).toBeGreaterThan(0);
    expect(scans).toBeLessThanOrEqual(SCANS_MAX);
  }, 120_000);
});
