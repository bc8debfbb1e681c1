import { inspect } from 'node:util';
import { fromRedis } from '../../../packages/online-store/redis-errors';

describe('an error of Redis', () => {
  const refusal = (message: string) =>
    Object.assign(new Error(message), { command: { name: 'auth', args: ['secret'] } });

  it.each([
    ['WRONGPASS invalid username-password pair', { message: expect.stringContaining('WRONGPASS') }],
    ['LOADING Redis is loading the dataset in memory', { code: 'REDIS_UNAVAILABLE' }],
  ])('does not carry the arguments of the command: %s', async (message, expected) => {
    const found: unknown = await fromRedis(Promise.reject(refusal(message))).catch(
      (error: unknown) => error,
    );
    expect(found).toMatchObject(expected);
    expect(inspect(found, { depth: 9 })).not.toContain('secret');
  });
});
