import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from '../../../packages/contracts';
import { withLeasedLock } from '../../../packages/database';
import { betweenLoads, withLoadLock } from '../../../packages/raw-data/load-lock';
import { holdingLog } from '../../../packages/raw-data/log/raw-log';
import { openTestApplication, type TestApplication } from '../../acceptance/open-test-platform';

/** What waits until a load has ended, however long that takes. */
describe('who waits for a load', () => {
  let application: TestApplication;
  beforeAll(async () => {
    application = await openTestApplication();
  });
  afterAll(() => application.remove());

  const works: Readonly<Record<string, (progress: Progress) => Promise<unknown>>> = {
    train: (progress) => application.services.train({}, progress),
    restate: (progress) => application.services.restate({ dryRun: false }, progress),
    'restate --dry-run': (progress) => application.services.restate({ dryRun: true }, progress),
    generate: (progress) =>
      application.services.generate({ from: '2024-01-01', to: '2024-01-02', users: 3 }, progress),
    'a daily run': (progress) =>
      application.pipelinePorts.takeDailyKnowledge('2024-01-02', progress),
    'the plan of a backfill': (progress) =>
      application.pipelinePorts.planBackfill(
        {
          id: 'waits',
          request: {
            from: '2024-01-01',
            to: '2024-01-02',
            reprocess: 'missing',
            knownAt: 'latest',
            train: false,
          },
        },
        progress,
      ),
  };

  it.each(Object.keys(works))('says which load that is, and stops at Ctrl-C: %s', async (name) => {
    const { database } = application.adapters;
    const interrupted = new AbortController();
    const said: string[] = [];
    const report = ({ what }: { what: string }) => {
      said.push(what);
      if (what.startsWith('waiting for a load')) interrupted.abort(new Error('interrupted'));
    };
    await withLoadLock(database, { source: 'import' }, async () => {
      const waiting = works[name]!({ report, signal: interrupted.signal });
      await expect(waiting).rejects.toThrow('interrupted');
    });
    expect(said.at(-1)).toMatch(/^waiting for a load \(an import, since \S+Z\)$/);
  });

  it('hears of a wait for the raw log in the same way', async () => {
    const { adapters } = application;
    const { database, paths } = adapters;
    const openDuckDb = () => adapters.openDuckDb();
    const interrupted = new AbortController();
    const said: string[] = [];
    const report = ({ what }: { what: string }) => {
      said.push(what);
      interrupted.abort(new Error('interrupted'));
    };
    const log = { database, rawLogDir: paths.rawLog, scratchDir: paths.scratch, openDuckDb };
    await holdingLog(log, async () => {
      const waiting = application.services.audit('offline', { report, signal: interrupted.signal });
      await expect(waiting).rejects.toThrow('interrupted');
    });
    expect(said).toEqual([
      expect.stringMatching(/^waiting for the raw log \(another process .* since \S+Z\)$/),
    ]);
  });

  it('hears of a wait for the start of another backfill in the same way', async () => {
    const { database } = application.adapters;
    const interrupted = new AbortController();
    const said: string[] = [];
    const report = ({ what }: { what: string }) => {
      said.push(what);
      interrupted.abort(new Error('interrupted'));
    };
    const lock = { key: 7_401_340, activity: 'starting a backfill', state: {} };
    await withLeasedLock(database, lock, async () => {
      const waiting = application.services.backfill(
        {
          from: '2024-01-01',
          to: '2024-01-02',
          reprocess: 'missing',
          knownAt: 'latest',
          train: false,
        },
        { report, signal: interrupted.signal },
      );
      await expect(waiting).rejects.toThrow('interrupted');
    });
    expect(said).toEqual([
      expect.stringMatching(/^waiting for another backfill to be started \(since \S+Z\)$/),
    ]);
  });

  it('stops also when it is interrupted between its look at the signal and its wait', async () => {
    const { database } = application.adapters;
    const interrupted = new AbortController();
    const { signal } = interrupted;
    const look = signal.throwIfAborted.bind(signal);
    signal.throwIfAborted = () => {
      look();
      interrupted.abort(new Error('interrupted'));
    };
    await withLoadLock(database, { source: 'import' }, async () => {
      const waiting = { onWaiting: () => {}, signal };
      const work = betweenLoads(database, { waitMillis: 5_000, waiting }, async () => 'done');
      const inTime = Promise.race([work, delay(3_000, 'still waiting')]);
      await expect(inTime).rejects.toThrow('interrupted');
    });
  });
});
