import {
  createAtRiskLists,
  type AtRiskSteps,
  type ScoredSources,
} from '../../../packages/application/at-risk-list';
import { createBoundedQueue } from '../../../packages/bounded-tasks/bounded-queue';
import type { AtRiskList } from '../../../packages/contracts/predictions';
import type { PublishedPartition } from '../../../packages/contracts/partitions';

function sourcesOf(version: string, date: string, sha256 = 'a'): ScoredSources {
  const manifest = { date, revision: 1, sha256 };
  return { version, partition: { manifest, path: `${date}.parquet` } as PublishedPartition };
}

function listOf({ version, partition }: ScoredSources): AtRiskList {
  return {
    model_version: version,
    feature_time: partition.manifest.date,
    users: ['u1', 'u2', 'u3'].map((user_id) => ({ user_id, churn_probability: 0.5, reasons: [] })),
  };
}

/** The lists over sources that the test changes, and which of them were scored. */
function createLists(changes: Partial<AtRiskSteps> = {}) {
  const world = { sources: sourcesOf('v001', '2026-03-01'), scored: [] as string[] };
  const lists = createAtRiskLists(
    {
      readSources: async () => world.sources,
      score: async (sources, limit) => {
        world.scored.push(`${sources.version} ${sources.partition.manifest.date} ${limit}`);
        return listOf(sources);
      },
      ...changes,
    },
    createBoundedQueue({ waitingMax: 1, full: () => new Error('the queue is full') }),
  );
  return { world, lists };
}

describe('the kept list of users at risk', () => {
  it('is computed once for all who ask, at the same time or later, with any limit', async () => {
    const { world, lists } = createLists();
    const answers = await Promise.all([1, 2, 1_000].map((limit) => lists({ limit })));
    answers.push(await lists({ limit: 0 }));
    expect(answers.map(({ users }) => users.map(({ user_id }) => user_id))).toEqual([
      ['u1'],
      ['u1', 'u2'],
      ['u1', 'u2', 'u3'],
      [],
    ]);
    expect(world.scored).toEqual(['v001 2026-03-01 1000']);
  });

  it.each<[string, ScoredSources]>([
    ['champion', sourcesOf('v002', '2026-03-01')],
    ['day', sourcesOf('v001', '2026-03-02')],
    ['content of the day', sourcesOf('v001', '2026-03-01', 'b')],
  ])('is computed again for another %s', async (_what, sources) => {
    const { world, lists } = createLists();
    await lists({ limit: 1 });
    world.sources = sources;
    expect(await lists({ limit: 3 })).toEqual(listOf(sources));
    expect(world.scored).toHaveLength(2);
  });

  it('is not kept when it failed', async () => {
    let failures = 1;
    const { lists } = createLists({
      score: async (sources) => {
        if (failures-- > 0) throw new Error('damaged');
        return listOf(sources);
      },
    });
    await expect(lists({ limit: 1 })).rejects.toThrow('damaged');
    expect((await lists({ limit: 1 })).users).toHaveLength(1);
  });

  it('is refused to one more than may wait, until another one has left', async () => {
    let finish = (_list: AtRiskList) => {};
    const { lists } = createLists({
      score: () => new Promise((resolve) => (finish = resolve)),
    });
    const leaver = new AbortController();
    const left = lists({ limit: 1 }, leaver.signal);
    const waiting = Array.from({ length: 99 }, () => lists({ limit: 1 }));
    await expect(lists({ limit: 1 })).rejects.toMatchObject({ code: 'SERVER_BUSY' });
    leaver.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const last = lists({ limit: 2 });
    await new Promise(setImmediate);
    finish(listOf(sourcesOf('v001', '2026-03-01')));
    expect((await last).users).toHaveLength(2);
    expect(await Promise.all(waiting)).toHaveLength(99);
  });

  it('is kept for the next one who asks when nobody waits for it any more', async () => {
    const finishers: ((list: AtRiskList) => void)[] = [];
    const { lists } = createLists({
      score: () => new Promise((resolve) => finishers.push(resolve)),
    });
    const leaver = new AbortController();
    const left = lists({ limit: 1 }, leaver.signal);
    await new Promise(setImmediate);
    leaver.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const next = lists({ limit: 1 });
    await new Promise(setImmediate);
    for (const finish of finishers) finish(listOf(sourcesOf('v001', '2026-03-01')));
    expect((await next).users).toHaveLength(1);
    expect(finishers).toHaveLength(1);
  });

  it('is read of a Postgres that hangs twice at most, however many ask and leave', async () => {
    let reads = 0;
    const { lists } = createLists({
      readSources: () => {
        reads += 1;
        return new Promise(() => {});
      },
    });
    for (let asked = 0; asked < 200; asked += 1) {
      const leaver = new AbortController();
      const left = lists({ limit: 1 }, leaver.signal);
      leaver.abort(new Error('left'));
      await expect(left).rejects.toThrow('left');
    }
    expect(reads).toBeLessThanOrEqual(2);
  });

  it('is not begun for somebody who has left before', async () => {
    const { world, lists } = createLists();
    const gone = lists({ limit: 1 }, AbortSignal.abort(new Error('gone')));
    await expect(gone).rejects.toThrow('gone');
    expect(world.scored).toEqual([]);
  });
});
