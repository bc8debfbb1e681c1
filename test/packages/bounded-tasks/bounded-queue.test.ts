import { createBoundedQueue } from '../../../packages/bounded-tasks/bounded-queue';

const full = () => new Error('full');

/** Work that ends when the test says so. */
function heldWork(name: string, log: string[]) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const work = async () => {
    log.push(`${name} begins`);
    await ended;
    log.push(`${name} ends`);
    return name;
  };
  return { work, end };
}

describe('a bounded queue', () => {
  it('runs in the order given, the next after the one before has ended', async () => {
    const queue = createBoundedQueue({ waitingMax: 2, full });
    const log: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => heldWork(name, log));
    const all = Promise.all([a!, b!, c!].map(({ work }) => queue(work)));
    for (const { end } of [c!, b!, a!]) end();
    expect(await all).toEqual(['a', 'b', 'c']);
    expect(log).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('refuses one more than may wait, and takes one again when there is room', async () => {
    const queue = createBoundedQueue({ waitingMax: 1, full });
    const log: string[] = [];
    const [running, waiting, later] = ['running', 'waiting', 'later'].map((n) => heldWork(n, log));
    const first = queue(running!.work);
    const second = queue(waiting!.work);
    await expect(queue(async () => 'refused')).rejects.toThrow('full');
    running!.end();
    await first;
    const third = queue(later!.work);
    waiting!.end();
    later!.end();
    expect(await Promise.all([second, third])).toEqual(['waiting', 'later']);
  });

  it('tells a failure to its own caller and goes on', async () => {
    const queue = createBoundedQueue({ waitingMax: 1, full });
    const failing = queue(() => Promise.reject(new Error('first')));
    const next = queue(async () => 'second');
    await expect(failing).rejects.toThrow('first');
    expect(await next).toBe('second');
    expect(await queue(async () => 'third')).toBe('third');
  });

  it('never runs what nobody waits for any more, whose place is free at once', async () => {
    const queue = createBoundedQueue({ waitingMax: 1, full });
    const log: string[] = [];
    const running = heldWork('running', log);
    const first = queue(running.work);
    const leaver = new AbortController();
    const left = queue(async () => log.push('ran all the same'), leaver.signal);
    leaver.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const second = queue(async () => 'second');
    running.end();
    expect(await Promise.all([first, second])).toEqual(['running', 'second']);
    expect(log).toEqual(['running begins', 'running ends']);
    await expect(queue(async () => 'late', leaver.signal)).rejects.toThrow('left');
    expect(await queue(async () => 'free')).toBe('free');
  });

  it('lets what runs finish when its caller leaves', async () => {
    const queue = createBoundedQueue({ waitingMax: 1, full });
    const leaver = new AbortController();
    const running = heldWork('running', []);
    const first = queue(running.work, leaver.signal);
    leaver.abort();
    running.end();
    expect(await first).toBe('running');
  });
});
