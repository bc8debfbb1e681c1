import { oneAtATime } from '../../../packages/bounded-tasks/one-at-a-time';

describe('one at a time', () => {
  it('runs in the order given, the next after the one before has ended', async () => {
    const inTurn = oneAtATime();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise(setImmediate);
      log.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([inTurn(work('a')), inTurn(work('b'))])).toEqual(['a', 'b']);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('tells a failure to its own caller and goes on', async () => {
    const inTurn = oneAtATime();
    const failing = inTurn(() => Promise.reject(new Error('first')));
    const next = inTurn(async () => 'second');
    await expect(failing).rejects.toThrow('first');
    expect(await next).toBe('second');
  });
});
