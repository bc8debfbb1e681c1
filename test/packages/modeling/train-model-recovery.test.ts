import { appendFileSync, chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processHost } from '../../../packages/durable-files';
import { midnightOf } from '../../../packages/instants/logical-date';
import { publishRegistry } from '../../../packages/modeling/registry/change-registry';
import {
  readAliases,
  readPublishedAliases,
} from '../../../packages/modeling/registry/published-aliases';
import { promoteModel } from '../../../packages/modeling/registry/model-registry';
import { MemoryEventLog } from './memory-event-log';
import { setUpTraining, testSchema, withPenalty } from './training-world';

const world = setUpTraining({ from: '2024-03-01', to: '2024-05-30', users: 60 });
const { train, startTrained, read } = world;

describe('a crash', () => {
  it('between publishing a version and registering it is made good by the next training', async () => {
    const { metadata } = await startTrained();
    rmSync(path.join(world.modelsDir, 'aliases.json'));
    world.eventLog = new MemoryEventLog();
    const again = await train();
    expect(again).toEqual({ version: 'v001', metadata, isNew: false });
    expect(await readAliases(world.modelsDir)).toMatchObject({ champion: 'v001' });
    expect(world.eventLog.actions).toEqual(['register v001', 'promote v001']);
  });

  it('there is made good by a training on other inputs too, which then counts on', async () => {
    await startTrained();
    rmSync(path.join(world.modelsDir, 'aliases.json'));
    world.eventLog = new MemoryEventLog();
    const { version, metadata } = await train({ solver: withPenalty(2) });
    expect([version, metadata.parent_version]).toEqual(['v002', 'v001']);
    expect(world.eventLog.actions).toEqual([
      'register v001',
      'promote v001',
      'register v002',
      'promote v002',
    ]);
  });

  it('between registering a version and publishing the aliases is made good by any look', async () => {
    await startTrained();
    rmSync(path.join(world.modelsDir, 'aliases.json'));
    await publishRegistry({ ...world, now: () => midnightOf('2024-07-01') });
    expect(await readPublishedAliases(world.modelsDir)).toMatchObject({
      event: 2,
      aliases: { champion: 'v001' },
    });
    expect(world.eventLog.events).toHaveLength(2);
  });

  it('of Postgres before the version is registered leaves it for the next attempt', async () => {
    const lost = train({
      onProgress: ({ stage }) => {
        if (stage === 'publishing') world.eventLog.state = 'away';
      },
    });
    await expect(lost).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    world.eventLog.state = 'up';
    expect(await train()).toMatchObject({ version: 'v001' });
    expect(world.eventLog.actions).toEqual(['register v001', 'promote v001']);
  });

  it('while staging leaves nothing that the next training does not remove', async () => {
    mkdirSync(path.join(world.modelsDir, '.staging-dead'), { recursive: true });
    writeFileSync(path.join(world.modelsDir, '.staging-dead', 'model.json'), '{');
    await train();
    expect(readdirSync(world.modelsDir).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each([
    ['', 4_194_303],
    [', whose pid this process has since its container was started again,', process.pid],
  ])('of the lock’s holder%s does not stop the next training', async (_why, pid) => {
    mkdirSync(world.modelsDir, { recursive: true });
    writeFileSync(path.join(world.modelsDir, '.lock'), `${processHost()} ${pid} dead`);
    expect((await train()).version).toBe('v001');
  });
});

describe('a Postgres restored from a backup that is older than the champion', () => {
  const at = midnightOf('2024-07-01');

  /** v001, v002 and v003 took over one after the other, a person went back to v001, all but two events are lost. */
  async function loseDecisions() {
    await startTrained();
    await train({ solver: withPenalty(2) });
    await train({ solver: withPenalty(3) });
    const { modelsDir, eventLog } = world;
    const { schemaHash } = testSchema;
    for (const [from, version] of [
      ['v003', 'v002'],
      ['v002', 'v001'],
      ['v001', 'v003'],
      ['v003', 'v001'],
    ] as const) {
      const ports = { modelsDir, eventLog, now: () => at };
      await promoteModel({ ...ports, schemaHash, from, version, reason: 'a person decided' });
    }
    eventLog.events = eventLog.events.slice(0, 2);
    return readAliases(modelsDir);
  }

  const promotedAfter = (events: number) =>
    world.eventLog.actions.slice(events).filter((action) => action.startsWith('promote'));

  it('keeps the champion where a training has the inputs of a version that a person replaced', async () => {
    const before = await loseDecisions();
    await train({ solver: withPenalty(2) });
    expect(world.eventLog.actions.slice(2)).toEqual(['register v002']);
    expect(await readAliases(world.modelsDir)).toEqual(before);
  });

  it('has the next training promote its own version, and none of those before', async () => {
    await loseDecisions();
    await train({ solver: withPenalty(4) });
    expect(promotedAfter(2)).toEqual(['promote v004']);
    expect(await readAliases(world.modelsDir)).toEqual({
      champion: 'v004',
      challenger: null,
      previous: 'v001',
    });
  });

  it('keeps the champion also where there are events again by then', async () => {
    const before = await loseDecisions();
    const { modelsDir, eventLog } = world;
    const ports = { modelsDir, eventLog, now: () => at };
    const { schemaHash } = testSchema;
    const move = { ...ports, schemaHash, reason: 'a person decided' };
    await promoteModel({ ...move, from: 'v001', version: 'v003' });
    await promoteModel({ ...move, from: 'v003', version: 'v001' });
    await train({ solver: withPenalty(2) });
    expect(eventLog.actions.at(-1)).toBe('register v002');
    expect(await readAliases(modelsDir)).toEqual(before);
  });
});

describe('a version that was tampered with', () => {
  it('is not taken for the one these inputs made: a new one is trained', async () => {
    await startTrained();
    const file = path.join(world.modelsDir, 'v001', 'metadata.json');
    chmodSync(file, 0o644);
    appendFileSync(file, ' ');
    const again = await train();
    expect([again.version, again.isNew]).toEqual(['v002', true]);
    // Champion v001 can't be loaded any more, so it can't keep its place.
    expect(again.metadata.promotion.reason).toBe('promoted: champion v001 cannot be compared');
  });
});

describe('trainings at the same time', () => {
  it('with ten different inputs get ten versions, all whole', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) => train({ solver: withPenalty(index + 1) })),
    );
    const versions = results.map(({ version }) => version).sort();
    expect(versions).toEqual(
      Array.from({ length: 10 }, (_, i) => `v${String(i + 1).padStart(3, '0')}`),
    );
    expect(readdirSync(world.modelsDir).filter((name) => name.startsWith('.'))).toEqual([]);
    for (const { version, metadata } of results) {
      expect(JSON.parse(read(version, 'metadata.json'))).toEqual(metadata);
    }
    const { events } = world.eventLog;
    expect(events.map(({ number }) => number)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect(new Set(events.map((event) => event.event_id)).size).toBe(20);
  });

  it('with the same inputs get one', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => train()));
    expect(results.map(({ version }) => version)).toEqual(['v001', 'v001', 'v001', 'v001']);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
  });
});
