import { inspect } from 'node:util';
import { fromRedis } from '../../../packages/online-store/redis-errors';

describe('an error of Redis', () => {
  const refusal = (message: string) =>
    Object.assign(new Error(message), { command: { name: 'auth', args: ['secret'] } });

  it.each([
    ['WRONGPASS invalid username-password pair', { message: expect.stringContaining('WRONGPASS') }],
    ['LOADING Redis is loading the dataset in memory', { code: 'REDIS_UNAVAILABLE' }],
    ['MISCONF Redis is configured to save snapshots', { code: 'REDIS_REFUSES_WRITES' }],
  ])('does not carry the arguments of the command: %s', async (message, expected) => {
    const found: unknown = await fromRedis(Promise.reject(refusal(message))).catch(
      (error: unknown) => error,
    );
    expect(found).toMatchObject(expected);
    expect(inspect(found, { depth: 9 })).not.toContain('secret');
  });

  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", /memory is used up/],
    ["READONLY You can't write against a read only replica.", /read-only replica/],
    ['MISCONF Redis is configured to save RDB snapshots', /can't save its data/],
    ['NOREPLICAS Not enough good replicas to write.', /too few of its replicas/],
  ])('says why Redis, which answers, does not write: %s', async (message, problem) => {
    const answer = fromRedis(Promise.reject(refusal(message)));
    await expect(answer).rejects.toMatchObject({
      code: 'REDIS_REFUSES_WRITES',
      message: expect.stringMatching(problem),
    });
  });
});
