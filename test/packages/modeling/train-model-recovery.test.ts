import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { readAliases, readModelEvents } from '../../../packages/modeling/registry/model-aliases';
import { setUpTraining, withPenalty } from './training-world';

const world = setUpTraining({ from: '2024-03-01', to: '2024-05-30', users: 60 });
const { train, startTrained, read } = world;

describe('a crash', () => {
  it('between publishing and promoting is made good by the next training', async () => {
    const { metadata } = await startTrained();
    rmSync(path.join(world.modelsDir, 'aliases.json'));
    rmSync(path.join(world.modelsDir, 'events.jsonl'));
    const again = await train();
    expect(again).toEqual({ version: 'v001', metadata, isNew: false });
    expect(await readAliases(world.modelsDir)).toMatchObject({ champion: 'v001' });
    expect((await readModelEvents(world.modelsDir)).map(({ action }) => action)).toEqual([
      'register',
      'promote',
    ]);
  });

  it('between moving the alias and logging it is made good by the next change', async () => {
    await startTrained();
    rmSync(path.join(world.modelsDir, 'events.jsonl'));
    await train({ solver: withPenalty(2) });
    expect(
      (await readModelEvents(world.modelsDir)).map(({ action, version }) => `${action} ${version}`),
    ).toEqual(['register v001', 'promote v001', 'register v002', 'promote v002']);
  });

  it('in the middle of a line of the log loses no event', async () => {
    await startTrained();
    const log = path.join(world.modelsDir, 'events.jsonl');
    writeFileSync(log, readFileSync(log, 'utf8').slice(0, -40));
    await train({ solver: withPenalty(2) });
    const events = await readModelEvents(world.modelsDir);
    expect(events.map(({ action, version }) => `${action} ${version}`)).toEqual([
      'register v001',
      'promote v001',
      'register v002',
      'promote v002',
    ]);
  });

  it('of the event port leaves the change done, and the next change tells the event again', async () => {
    const down = train({ recordEvent: () => Promise.reject(new Error('Postgres is down')) });
    await expect(down).rejects.toThrow('Postgres is down');
    expect(await readAliases(world.modelsDir)).toMatchObject({ champion: 'v001' });
    const told: string[] = [];
    await train({
      solver: withPenalty(2),
      recordEvent: async (event) => void told.push(event.event_id),
    });
    const events = await readModelEvents(world.modelsDir);
    expect(told).toEqual(events.map((event) => event.event_id));
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
    writeFileSync(path.join(world.modelsDir, '.lock'), `${hostname()} ${pid} dead`);
    expect((await train()).version).toBe('v001');
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
    const events = await readModelEvents(world.modelsDir);
    expect(events).toHaveLength(20);
    expect(new Set(events.map((event) => event.event_id)).size).toBe(20);
  });

  it('with the same inputs get one', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => train()));
    expect(results.map(({ version }) => version)).toEqual(['v001', 'v001', 'v001', 'v001']);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
  });
});
