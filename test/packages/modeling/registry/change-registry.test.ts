import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ModelAliases } from '../../../../packages/modeling/model-documents';
import { publishRegistry } from '../../../../packages/modeling/registry/change-registry';
import {
  findChampion,
  promoteModel,
  rollbackModel,
} from '../../../../packages/modeling/registry/model-registry';
import {
  readAliases,
  readPublishedAliases,
} from '../../../../packages/modeling/registry/published-aliases';
import { MemoryEventLog } from '../memory-event-log';
import { setUpTrainedRegistry } from '../trained-registry';
import { testSchema } from '../training-world';

const { schemaHash } = testSchema;

const registry = setUpTrainedRegistry();
const { now, tamper } = registry;
let modelsDir: string;
let eventLog: MemoryEventLog;

beforeEach(() => {
  ({ modelsDir, eventLog } = registry);
});

/** A version or null as a title of a test says it. */
type Champion = string | null;

describe('promoting by hand', () => {
  const promote = (version: string, from: Champion = 'v002', hash = schemaHash) => {
    const move = { modelsDir, now, eventLog, from, reason: 'a person decided' };
    return promoteModel({ ...move, schemaHash: hash, version });
  };

  it('moves champion and previous and logs who replaced whom and why', async () => {
    const aliases = { champion: 'v003', challenger: null, previous: 'v002' };
    expect(await promote('v003')).toEqual({ ...aliases, changed: true });
    expect(eventLog.events.at(-1)).toEqual({
      number: 7,
      event_id: expect.any(String),
      action: 'promote',
      version: 'v003',
      previous: 'v002',
      reason: 'a person decided',
      at: '2024-07-01T00:00:00.000000Z',
      aliases,
    });
    expect(await readPublishedAliases(modelsDir)).toEqual({ event: 7, aliases, isFormer: false });
  });

  it.each(['v001', 'v002', 'v003', null])(
    'of the champion changes nothing and says so, whatever it replaces: %s',
    async (from) => {
      const before = eventLog.events;
      expect(await promote('v002', from)).toEqual({
        champion: 'v002',
        challenger: 'v003',
        previous: 'v001',
        changed: false,
      });
      expect(eventLog.events).toEqual(before);
    },
  );

  it.each(['v001', 'v003', null])('is refused from %s, which is not the champion', async (from) => {
    await expect(promote('v001', from)).rejects.toMatchObject({
      code: 'CHAMPION_CHANGED',
      details: { champion: 'v002', from: from ?? 'none' },
    });
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002' });
  });

  it('refuses a model that could not serve, and leaves the champion', async () => {
    tamper('v003', 'model.json', (text) => `${text} `);
    await expect(promote('v003')).rejects.toMatchObject({ code: 'CORRUPT_MODEL' });
    await expect(promote('v001', 'v002', 'another')).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
    await expect(promote('v007')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002' });
  });

  it('changes nothing while Postgres is away', async () => {
    eventLog.state = 'away';
    await expect(promote('v003')).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    eventLog.state = 'up';
    await publishRegistry({ modelsDir, now, eventLog });
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002' });
    expect(readdirSync(modelsDir).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('whose answer was lost may be repeated: it took effect once', async () => {
    eventLog.state = 'answers lost';
    await expect(promote('v003')).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    eventLog.state = 'up';
    expect(await promote('v003')).toMatchObject({ champion: 'v003', changed: false });
    expect(eventLog.actions.filter((action) => action === 'promote v003')).toHaveLength(1);
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v003' });
  });

  it('ten times at once from the same champion succeeds for one version', async () => {
    const versions = ['v001', 'v003'];
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => promote(versions[index % 2]!)),
    );
    const changes = results.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    );
    expect(changes.filter(({ changed }) => changed)).toHaveLength(1);
    const { champion } = await readAliases(modelsDir);
    expect(new Set(changes.map((change) => change.champion))).toEqual(new Set([champion]));
    expect(eventLog.events).toHaveLength(7);
    expect(readdirSync(modelsDir).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('rolling back', () => {
  const rollback = (from: Champion, directory = modelsDir, log = eventLog) =>
    rollbackModel({
      modelsDir: directory,
      now,
      eventLog: log,
      schemaHash,
      from,
      reason: 'complaints',
    });

  it('makes the previous champion the champion; from that one it is undone', async () => {
    expect(await rollback('v002')).toMatchObject({ champion: 'v001', previous: 'v002' });
    expect(eventLog.events.at(-1)).toMatchObject({
      action: 'rollback',
      version: 'v001',
      previous: 'v002',
    });
    expect(await rollback('v001')).toMatchObject({
      champion: 'v002',
      previous: 'v001',
      changed: true,
    });
  });

  it('is not undone by a retry', async () => {
    const first = await rollback('v002');
    expect(await rollback('v002')).toEqual({ ...first, changed: false });
    expect(eventLog.events).toHaveLength(7);
  });

  it('whose answer was lost is not undone by a retry either', async () => {
    eventLog.state = 'answers lost';
    await expect(rollback('v002')).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    eventLog.state = 'up';
    expect(await rollback('v002')).toMatchObject({ champion: 'v001', changed: false });
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v001' });
  });

  it.each(['v001', 'v003', null])('is refused from %s, which is not the champion', async (from) => {
    await expect(rollback(from)).rejects.toMatchObject({ code: 'CHAMPION_CHANGED' });
    expect(eventLog.events).toHaveLength(6);
  });

  it('is refused when there is nothing to roll back to', async () => {
    const empty = path.join(registry.directory, 'empty');
    await expect(rollback(null, empty, new MemoryEventLog())).rejects.toMatchObject({
      code: 'NO_PREVIOUS_CHAMPION',
    });
  });
});

describe('the published aliases', () => {
  const publish = () => publishRegistry({ modelsDir, now, eventLog });
  const file = () => path.join(modelsDir, 'aliases.json');

  it('that are damaged are said to be, and replaced by those of Postgres', async () => {
    writeFileSync(file(), '{"format_version":2,"event"');
    await expect(readAliases(modelsDir)).rejects.toMatchObject({ code: 'CORRUPT_FILE' });
    await publish();
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002' });
  });

  it('are not written again when they are those of the last event', async () => {
    const before = statSync(file()).mtimeMs;
    await publish();
    expect(statSync(file()).mtimeMs).toBe(before);
  });

  it('name no champion to compare with where its folder was lost with the data directory', async () => {
    expect(await findChampion(modelsDir)).toBe('v002');
    registry.loseFolder();
    ({ modelsDir } = registry);
    await publish();
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002' });
    expect(await findChampion(modelsDir)).toBeNull();
  });

  it('never go back: where Postgres has fewer events, changes start from them and count on', async () => {
    eventLog.events = eventLog.events.slice(0, 2);
    await publish();
    expect(await readPublishedAliases(modelsDir)).toMatchObject({
      event: 6,
      aliases: { champion: 'v002' },
    });
    const move = { modelsDir, now, eventLog, schemaHash, from: 'v002', reason: 'restored' };
    expect(await promoteModel({ ...move, version: 'v003' })).toMatchObject({
      champion: 'v003',
      previous: 'v002',
    });
    expect(eventLog.events.map(({ number }) => number)).toEqual([1, 2, 7]);
  });
});

describe('a registry of an earlier release', () => {
  const events = () =>
    registry.trainedEvents.events.map(({ number: _n, aliases: _a, ...event }) => event);
  const aliases: ModelAliases = { champion: 'v002', challenger: 'v003', previous: 'v001' };

  /** As that release left it: events.jsonl, and the last change in aliases.json too. */
  function leave({ logged = 6, told = 6, inForce = aliases } = {}) {
    const lines = events()
      .slice(0, logged)
      .map((event) => `${JSON.stringify(event)}\n`);
    writeFileSync(path.join(modelsDir, 'events.jsonl'), lines.join(''));
    writeFileSync(
      path.join(modelsDir, 'aliases.json'),
      JSON.stringify({
        format_version: 1,
        ...inForce,
        decided: [],
        last_events: events().slice(4),
      }),
    );
    eventLog = new MemoryEventLog({ unnumbered: events().slice(0, told) });
  }

  it('serves before its events are told to Postgres', async () => {
    leave();
    expect(await readPublishedAliases(modelsDir)).toEqual({ event: 0, aliases, isFormer: true });
  });

  it.each([
    ['which has them all', {}],
    ['which misses some', { told: 4 }],
    ['which has none', { told: 0 }],
    ['also those that a crash kept from its log', { logged: 4, told: 0 }],
  ])('tells its events to Postgres, %s, in order and once', async (_what, left) => {
    leave(left);
    for (let look = 0; look < 2; look += 1) await publishRegistry({ modelsDir, now, eventLog });
    expect(eventLog.events).toEqual(registry.trainedEvents.events);
    expect(eventLog.unnumbered).toEqual([]);
    expect(await readPublishedAliases(modelsDir)).toEqual({ event: 6, aliases, isFormer: false });
  });

  it('keeps the aliases that were in force, also where its log says otherwise', async () => {
    const inForce = { champion: 'v001', challenger: null, previous: null };
    leave({ inForce });
    await publishRegistry({ modelsDir, now, eventLog });
    expect(await readAliases(modelsDir)).toEqual(inForce);
    expect(eventLog.events.at(-1)?.aliases).toEqual(inForce);
  });

  it('whose folder is lost gives its events, as Postgres has them', async () => {
    leave();
    registry.loseFolder();
    ({ modelsDir } = registry);
    await publishRegistry({ modelsDir, now, eventLog });
    expect(await readAliases(modelsDir)).toEqual(aliases);
  });
});
