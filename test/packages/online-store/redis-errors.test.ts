import { inspect } from 'node:util';
import { fromRedis } from '../../../packages/online-store/redis-errors';

describe('an error of Redis', () => {
  const refusal = (message: string) =>
    Object.assign(new Error(message), { command: { name: 'auth', args: ['secret'] } });

  it.each([
    ["NOPERM no right to run 'auth' with 'secret'", { code: 'REDIS_REFUSES_COMMANDS' }],
    [
      "ERR unknown command 'auth', with args beginning with: 'secret'",
      { code: 'REDIS_REFUSES_COMMANDS' },
    ],
    ['an error of the client', { message: 'an error of the client' }],
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

  const inCommand = "ERR unknown command 'EVAL', with args beginning with: 'secret'";
  it.each([
    ['WRONGPASS invalid username-password pair', 'user name or password in REDIS_URL'],
    ['NOAUTH Authentication required.', 'it wants a password, and REDIS_URL has none'],
    ["NOPERM User u has no permissions to run the 'eval' command", 'lacks the right to a command'],
    [inCommand, 'its reply is "ERR unknown command"'],
    ["ERR The user executing the script can't run this", 'the script can\'t run this"'],
    ['WRONGTYPE Operation against a key', 'its reply is "WRONGTYPE Operation against a key"'],
  ])('names the setting, and what to do, where Redis refuses: %s', async (message, problem) => {
    await expect(fromRedis(Promise.reject(refusal(message)))).rejects.toMatchObject({
      code: 'REDIS_REFUSES_COMMANDS',
      message: expect.stringMatching(/Correct REDIS_URL, or the user/),
      details: { problem: expect.stringContaining(problem) },
    });
  });

  it.each([
    ['ERR max number of clients reached', 'REDIS_UNAVAILABLE'],
    ['CLUSTERDOWN The cluster is down', 'REDIS_CLUSTER'],
    ["ENOENT: no such file or directory, open 'x'", undefined],
  ])('is no refusal: %s', async (message, code) => {
    const found = await fromRedis(Promise.reject(refusal(message))).catch(
      (error: unknown) => error,
    );
    expect((found as { code?: string }).code).toBe(code);
  });
});
