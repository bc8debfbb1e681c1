import { createLook, watchPlatform } from '../../worker/watch-platform';

describe('what the worker sees of the platform', () => {
  const seen: string[] = [];
  const metrics = {
    serverUp: (name: string, isUp: boolean) => void seen.push(`${name} ${isUp}`),
    runsUnfinished: (count: number) => void seen.push(`${count} unfinished`),
  };
  const answers = () => Promise.resolve();
  const fails = () => Promise.reject(new Error('away'));
  const hangs = () => new Promise<void>(() => {});
  beforeEach(() => void (seen.length = 0));

  it('is which servers answer, and how many runs are missing', async () => {
    const servers = { postgres: answers, redis: fails, temporal: answers };
    const missingRuns = async () => ['2024-06-01', '2024-06-02'];
    await createLook({ servers, missingRuns }, metrics)();
    expect(seen).toEqual(['postgres true', 'redis false', 'temporal true', '2 unfinished']);
  });

  it('leaves the runs as they were while nobody can say, and is down what hangs', async () => {
    let asked = 0;
    const postgres = () => {
      asked += 1;
      return hangs();
    };
    const servers = { postgres, redis: answers, temporal: answers };
    const look = createLook({ servers, missingRuns: fails }, metrics, 5);
    await look();
    await look();
    expect(seen.filter((what) => !what.endsWith('true'))).toEqual([
      'postgres false',
      'postgres false',
    ]);
    // A question that waits is not asked again: each would hold a connection.
    expect(asked).toBe(1);
  });

  it('is looked at from the start, until the worker stops', async () => {
    const stop = new AbortController();
    const missingRuns = async () => {
      stop.abort();
      return [];
    };
    const servers = { postgres: answers, redis: answers, temporal: answers };
    await watchPlatform({ servers, missingRuns }, metrics, stop.signal);
    expect(seen).toContain('0 unfinished');
  });
});
