import { readdirSync } from 'node:fs';
import type { PipelinePorts, Progress } from '../../../packages/contracts/pipeline-ports';
import { plannedKnowledgeOf } from '../../../packages/contracts/runs';
import { withLoadLock } from '../../../packages/raw-data/load-lock';
import { holdingLog } from '../../../packages/raw-data/log/raw-log';
import {
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';

const DATE = '2024-01-03';
const known = { at: '2024-01-03T01:00:00.000000Z', batch: 1 };
const knowledge = plannedKnowledgeOf('latest', {
  known,
  label: { ...known, completeThrough: null },
});

describe('a step that is cancelled while another process holds what it needs', () => {
  let application: TestApplication;
  beforeAll(async () => {
    application = await openTestApplication();
    const world = { from: '2024-01-01', to: DATE, users: 3, seed: 1 };
    await application.services.generate(world, quietly);
  });
  afterAll(() => application.remove());

  type Step = (ports: PipelinePorts, progress: Progress) => Promise<unknown>;
  const load: Step = (ports, progress) => ports.generateData('2024-01-04', progress);
  const takeKnowledge: Step = (ports, progress) => ports.takeDailyKnowledge(DATE, progress);
  const train: Step = (ports, progress) => ports.trainModel({ asOf: DATE }, progress);
  const computeDay: Step = (ports, progress) =>
    ports.computeDay({ date: DATE, runId: 'daily', knowledge }, progress);
  const computeChunk: Step = (ports, progress) =>
    ports.computeChunk({ runId: 'chunk', dates: [DATE], knowledge, reason: 'backfill' }, progress);

  const holders = {
    'a load': (work: () => Promise<void>) =>
      withLoadLock(application.adapters.database, { source: 'synthetic' }, work),
    // The users of the batch are mirrored before its events are waited for.
    'the events': (work: () => Promise<void>) =>
      application.adapters.database.sql.begin(async (tx) => {
        await tx`LOCK TABLE raw_data.user_events`;
        await work();
      }),
    'the raw log': (work: () => Promise<void>) => {
      const { database, paths } = application.adapters;
      const options = { database, rawLogDir: paths.rawLog, scratchDir: paths.scratch };
      return holdingLog({ ...options, openDuckDb: () => application.adapters.openDuckDb() }, work);
    },
  };

  async function someoneWaits(): Promise<void> {
    for (;;) {
      const waiting = await application.adapters.database.sql`
        SELECT FROM pg_locks WHERE locktype IN ('advisory', 'relation') AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      if (waiting.length > 0) return;
    }
  }

  it.each([
    ['a load', 'the next load', load],
    ['a load', 'the knowledge of a day', takeKnowledge],
    ['a load', 'a training', train],
    ['the raw log', 'a day', computeDay],
    ['the raw log', 'a chunk', computeChunk],
    ['the events', 'a batch of the raw log', computeDay],
  ] as const)('ends at once: %s holds up %s', async (holder, _what, step) => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    await holders[holder](async () => {
      const progress = { report: () => {}, signal: controller.signal };
      const stopped = expect(step(application.pipelinePorts, progress)).rejects.toBe(reason);
      await someoneWaits();
      controller.abort(reason);
      await stopped;
    });
  });

  it('has left nothing behind that would hold up the same step afterwards', async () => {
    const { pipelinePorts } = application;
    const loaded = await pipelinePorts.generateData('2024-01-04', quietly);
    expect(loaded.batch).toBe(2);
    await computeDay(pipelinePorts, quietly);
    const running = await application.adapters.database.sql`
      SELECT FROM ops.partition_runs WHERE status <> 'succeeded'`;
    expect(running).toHaveLength(0);
    const audit = await application.services.audit('raw', quietly);
    expect(audit).toMatchObject({ missing: 0, extra: 0, mismatched: 0 });
    expect(readdirSync(application.adapters.paths.scratch)).toEqual([]);
  });
});
