import { ChampionWatcher } from '../../api/champion-watcher';
import type { ChampionRegistry, ServingVersion } from '../../api/ports';
import { ChurnError } from '../../packages/contracts/errors';
import { modelOf, recordingLogger, silentLogger } from './test-api';

class FakeRegistry implements ChampionRegistry {
  private version: string | null = null;
  /** Of the latest change. */
  event = 0;
  publishes = 0;
  readonly loads: string[] = [];
  readonly corrupt = new Set<string>();
  looks = 0;
  onLook = (): void => {};

  /** Another champion from now on. */
  crown(version: string | null): void {
    this.version = version;
    this.event += 1;
  }

  async champion() {
    this.looks += 1;
    this.onLook();
    return { version: this.version, event: this.event };
  }

  async publish(): Promise<void> {
    this.publishes += 1;
    throw new ChurnError('POSTGRES_UNAVAILABLE');
  }

  async load(version: string): Promise<ServingVersion> {
    this.loads.push(version);
    if (this.corrupt.has(version)) throw new ChurnError('CORRUPT_MODEL', { version, problem: 'x' });
    return modelOf(version);
  }
}

describe('the champion watcher', () => {
  let registry: FakeRegistry;
  let watcher: ChampionWatcher;

  beforeEach(() => {
    registry = new FakeRegistry();
    watcher = new ChampionWatcher({ registry, logger: silentLogger, intervalMs: 1 });
  });
  afterEach(() => watcher.stop());

  const serving = () => watcher.current()?.version ?? null;
  /** Resolves when the watcher looks for the n-th time from now. */
  const looks = (count: number) =>
    new Promise<void>((resolve) => {
      const wanted = registry.looks + count;
      registry.onLook = () => registry.looks >= wanted && resolve();
    });

  it('starts without a model when there is no champion yet', async () => {
    await watcher.start();
    expect(serving()).toBeNull();
  });

  it('serves the champion there is when it starts', async () => {
    registry.crown('v001');
    await watcher.start();
    expect(serving()).toBe('v001');
  });

  it('swaps when the alias changes, by itself, and loads each version once', async () => {
    registry.crown('v001');
    await watcher.start();
    registry.crown('v002');
    await looks(3);
    expect(serving()).toBe('v002');
    expect(registry.loads).toEqual(['v001', 'v002']);
  });

  it('swaps at once when told', async () => {
    await watcher.refresh();
    registry.crown('v003');
    await watcher.refresh();
    expect(serving()).toBe('v003');
  });

  it('keeps the old model when the new one is corrupt, and says so', async () => {
    const { logger, entries } = recordingLogger();
    watcher = new ChampionWatcher({ registry, logger });
    registry.crown('v001');
    await watcher.refresh();
    registry.crown('v002');
    registry.corrupt.add('v002');
    await watcher.refresh();
    expect(serving()).toBe('v001');
    expect(entries.at(-1)).toMatchObject({ version: 'v002', serving: 'v001' });
    expect(watcher.problem).toMatchObject({ code: 'CORRUPT_MODEL' });
    registry.crown('v001');
    await watcher.refresh();
    expect(watcher.problem).toBeUndefined();
  });

  it('does not load a corrupt champion at every look, but again when told', async () => {
    registry.crown('v002');
    registry.corrupt.add('v002');
    await watcher.start();
    await looks(5);
    expect(registry.loads).toEqual(['v002']);
    registry.corrupt.clear();
    await watcher.refresh();
    expect(serving()).toBe('v002');
  });

  it.each([
    ['CORRUPT_MODEL', new ChurnError('CORRUPT_MODEL', { version: 'v002', problem: 'x' }), /: x\./],
    ['SCHEMA_MISMATCH', new ChurnError('SCHEMA_MISMATCH'), /schemas/],
    ['CORRUPT_MODEL', new ChurnError('MODEL_NOT_FOUND'), /v002 .*: its folder is missing\./],
    [
      'CORRUPT_MODEL',
      Object.assign(new Error('/x'), { code: 'EACCES' }),
      /can't be read \(EACCES\)/,
    ],
    ['CORRUPT_MODEL', new Error('/x'), /can't be read \(the log of the API says why\)/],
  ])('says why nothing serves, until something does: %s', async (code, error, message) => {
    registry.crown('v002');
    const load = (version: string) => Promise.resolve(modelOf(version));
    registry.load = () => Promise.reject(error);
    await watcher.start();
    expect(watcher.current()).toBeNull();
    await looks(3);
    const expected = { code, message: expect.stringMatching(message) };
    expect(watcher.problem).toMatchObject(expected);
    await watcher.refresh();
    expect(watcher.problem).toMatchObject(expected);
    registry.load = load;
    await watcher.refresh();
    expect([serving(), watcher.problem]).toEqual(['v002', undefined]);
  });

  it('has no problem where the damaged champion is taken away', async () => {
    registry.crown('v002');
    registry.corrupt.add('v002');
    await watcher.start();
    registry.crown(null);
    await watcher.refresh();
    expect(watcher.problem).toBeUndefined();
  });

  it('tries a corrupt champion again after a while', async () => {
    registry.crown('v002');
    registry.corrupt.add('v002');
    await watcher.start();
    registry.corrupt.clear();
    await looks(32);
    expect(serving()).toBe('v002');
  });

  it('keeps serving while the registry can not be read', async () => {
    registry.crown('v001');
    await watcher.refresh();
    registry.onLook = () => {
      throw new Error('disk');
    };
    await watcher.refresh();
    expect(serving()).toBe('v001');
  });

  it('never goes back to what was published before', async () => {
    registry.crown('v001');
    registry.crown('v002');
    await watcher.refresh();
    registry.event = 0;
    registry.crown('v001');
    await watcher.refresh();
    expect(serving()).toBe('v002');
    registry.event = 2;
    registry.crown('v001');
    await watcher.refresh();
    expect(serving()).toBe('v001');
  });

  it('has unpublished changes published at its start and now and then, also if that fails', async () => {
    registry.crown('v001');
    await watcher.start();
    expect(registry.publishes).toBe(1);
    await looks(25);
    expect(registry.publishes).toBeGreaterThan(1);
    expect(registry.publishes).toBeLessThan(10);
    expect(serving()).toBe('v001');
  });

  it.each([
    ['a full disk, once', 'STORAGE_UNAVAILABLE', 1],
    ['not that Postgres is away', 'POSTGRES_UNAVAILABLE', 0],
  ] as const)('warns of what keeps changes unpublished: %s', async (_what, code, warnings) => {
    const { logger, entries } = recordingLogger();
    watcher = new ChampionWatcher({ registry, logger, intervalMs: 1 });
    registry.publish = () => {
      registry.publishes += 1;
      return Promise.reject(new ChurnError(code, { problem: 'x' }));
    };
    await watcher.start();
    await looks(25);
    expect(registry.publishes).toBeGreaterThan(1);
    const { warn } = logger.levels.values;
    expect(entries.filter(({ level }) => level === warn)).toHaveLength(warnings);
  });

  it('serves nothing again when the champion is taken away', async () => {
    registry.crown('v001');
    await watcher.refresh();
    registry.crown(null);
    await watcher.refresh();
    expect(serving()).toBeNull();
  });

  it('sees a change that came while it was looking, when told of it', async () => {
    let answer = (_version: string) => {};
    const slowOnce: ChampionRegistry = {
      champion: () => {
        slowOnce.champion = async () => ({ version: 'v002', event: 2 });
        return new Promise((resolve) => (answer = (version) => resolve({ version, event: 1 })));
      },
      publish: async () => {},
      load: async (version) => modelOf(version),
    };
    watcher = new ChampionWatcher({ registry: slowOnce, logger: silentLogger });
    const looking = watcher.start();
    const told = watcher.refresh();
    answer('v001');
    await Promise.all([looking, told]);
    expect(serving()).toBe('v002');
  });
});
