import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { ChurnError } from '../../../packages/contracts/errors';
import { auditPartitions } from '../../../packages/offline-store/audit-partitions';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import type { PublishOutcome } from '../../../packages/offline-store/partition-request';
import { currentPartition } from '../../../packages/offline-store/manifests';
import type { PublishStep } from './publishing-child';
import {
  createPublishingWorld,
  filesOf,
  readDay,
  type PublishingChild,
  type PublishingWorld,
} from './publishing-world';
import { latestRequest, snapshotAt } from './small-world';

const DATE = '2024-02-11';
/** Three requests with bytes of their own: no label yet, with labels, and with a late login. */
const published = latestRequest(DATE, snapshotAt(45, 1));
const ofZombie = latestRequest(DATE, snapshotAt(80, 1), 'labels matured');
const ofOther = latestRequest(DATE, snapshotAt(82, 2), 'late data');

describe('a process that is paused while it publishes', () => {
  let world: PublishingWorld;
  let dataDir: string;
  let tests = 0;

  beforeAll(async () => {
    world = await createPublishingWorld();
  });

  beforeEach(async () => {
    await world.database.sql`truncate ops.partition_runs`;
    dataDir = path.join(world.folder, `store-${(tests += 1)}`);
    await compute('first', published);
  });

  afterAll(() => world.remove());

  async function compute(owner: string, request: typeof published): Promise<PublishOutcome> {
    const context = world.context(dataDir, owner);
    return (await computePartitions(context, [request])).outcomes[0]!;
  }

  async function pausedAt(step: PublishStep): Promise<PublishingChild> {
    const stop = { step, date: DATE, signal: 'SIGSTOP' as const };
    const requests = [ofZombie];
    const child = world.startChild({ dataDir, requests, owner: 'zombie', stop });
    await child.stopped;
    return child;
  }

  /** What readers of files and ledger see: everything but temporary names. */
  const visible = async () => ({
    files: Object.entries(filesOf(dataDir)).filter(
      ([file]) => !path.basename(file).startsWith('.'),
    ),
    ledger: [...(await world.database.sql`select * from ops.partition_runs`)],
  });

  const zombieSteps: PublishStep[] = [
    'the claim was made',
    'the staged file was synced',
    'the manifest was synced',
    'the link was made',
    'the ledger row is about to be held',
  ];

  it.each(zombieSteps)(
    'when %s is refused after another took over, and changes nothing',
    async (step) => {
      const zombie = await pausedAt(step);
      expect(await compute('other', ofOther)).toMatchObject({ status: 'published', revision: 2 });
      const seen = await visible();

      zombie.process.kill('SIGCONT');
      const { by, outcomes } = await zombie.ended;

      expect(by).toBe(0);
      const error = `FENCED_OUT: ${new ChurnError('FENCED_OUT', { date: DATE }).message}`;
      // It looks at what is published once it has claimed, and so finds out earlier.
      const isEarly = step === 'the claim was made';
      expect(outcomes).toMatchObject([
        isEarly ? { status: 'overtaken' } : { status: 'failed', error },
      ]);
      expect(await visible()).toEqual(seen);
      await expectNothingIsLeft(seen, 2);
    },
  );

  const heldSteps: [PublishStep, number][] = [
    ['the ledger row is held', 2],
    ['the revision file was renamed', 2],
    ['the manifest was renamed', 2],
    // What readers see is kept: the other one takes the next number.
    ["the day's file was renamed", 3],
    ['the ledger was updated', 3],
  ];

  it.each(heldSteps)(
    'when %s, for so long that Postgres ended its transaction, changes nothing',
    async (step, revision) => {
      const zombie = await pausedAt(step);
      await endItsTransaction();
      expect(await compute('other', ofOther)).toMatchObject({ status: 'published', revision });
      const seen = await visible();

      zombie.process.kill('SIGCONT');
      await zombie.ended;

      expect(await visible()).toEqual(seen);
      await expectNothingIsLeft(seen, revision);
    },
  );

  async function endItsTransaction(): Promise<void> {
    const ended = await world.database.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and state like 'idle in transaction%'`;
    expect(ended).toHaveLength(1);
  }

  async function expectNothingIsLeft(
    seen: Awaited<ReturnType<typeof visible>>,
    revision: number,
  ): Promise<void> {
    expect(await compute('next', ofOther)).toMatchObject({ status: 'unchanged', revision });
    expect(Object.entries(filesOf(dataDir))).toEqual(seen.files);
    const audit = await auditPartitions({
      ...world.context(dataDir, 'audit'),
      scratchDir: world.folder,
      lastBatch: 2,
    });
    expect(audit).toMatchObject({ equal: revision, missing: 0, extra: 0, mismatched: 0 });
  }

  it('in its transaction makes the next one wait, which then goes on from its revision', async () => {
    const old = readDay(dataDir, DATE);
    const paused = await pausedAt('the manifest was renamed');
    const next = compute('other', ofOther);
    await someoneWaitsForTheRow();
    expect(readDay(dataDir, DATE)).toBe(old);

    paused.process.kill('SIGCONT');

    expect((await paused.ended).outcomes).toMatchObject([{ status: 'published', revision: 2 }]);
    expect(await next).toMatchObject({ status: 'published', revision: 3 });
    const current = await currentPartition(dataPaths(dataDir), DATE);
    expect(current?.manifest).toMatchObject({ revision: 3, sha256: readDay(dataDir, DATE) });
    const audit = await auditPartitions({
      ...world.context(dataDir, 'audit'),
      scratchDir: world.folder,
      lastBatch: 2,
    });
    expect(audit).toMatchObject({ equal: 3, missing: 0, extra: 0, mismatched: 0 });
  });

  async function someoneWaitsForTheRow(): Promise<void> {
    for (;;) {
      const waiting = await world.database.sql`
        select from pg_locks join pg_stat_activity using (pid)
        where not granted and datname = current_database()`;
      if (waiting.length > 0) return;
    }
  }
});
