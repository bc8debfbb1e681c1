import { setImmediate as turn } from 'node:timers/promises';
import { BatchedReads } from '../../../../packages/online-store/serving/batched-reads';

/** Redis that answers a round trip when it is told to. */
class HeldRedis {
  readonly asked: { keys: string[]; answer: (texts: (string | null)[]) => void }[] = [];

  mget(keys: string[]): Promise<(string | null)[]> {
    return new Promise((answer) => this.asked.push({ keys, answer }));
  }
}

describe('reads of single keys', () => {
  const opened: BatchedReads[] = [];
  afterEach(() => opened.splice(0).forEach((reads) => reads.close()));

  function open(deadlineMs: number) {
    const redis = new HeldRedis();
    const reads = new BatchedReads(redis, deadlineMs);
    opened.push(reads);
    return { redis, reads };
  }

  it('of one turn share a round trip, and each gets its own', async () => {
    const { redis, reads } = open(60_000);
    const answers = ['a', 'b', 'a'].map((key) => reads.get(key));
    await turn();
    expect(redis.asked.map(({ keys }) => keys)).toEqual([['a', 'b', 'a']]);
    redis.asked[0]!.answer(['1', null, '1']);
    expect(await Promise.all(answers)).toEqual(['1', null, '1']);
  });

  it('do not wait for the round trip before theirs', async () => {
    const { redis, reads } = open(60_000);
    const first = reads.get('a');
    await turn();
    const second = reads.get('b');
    await turn();
    redis.asked[1]!.answer(['2']);
    expect(await second).toBe('2');
    redis.asked[0]!.answer(['1']);
    expect(await first).toBe('1');
  });

  it('fail at their deadline, and a late answer changes nothing', async () => {
    const { redis, reads } = open(20);
    const unavailable = { code: 'REDIS_UNAVAILABLE' };
    const answers = [reads.get('a'), reads.getMany(['b', 'c'])];
    await Promise.all(answers.map((answer) => expect(answer).rejects.toMatchObject(unavailable)));
    redis.asked.forEach(({ answer }) => answer(['late', 'late']));
    const next = reads.get('d');
    await turn();
    redis.asked[2]!.answer(['in time']);
    expect(await next).toBe('in time');
  });

  it.each([
    ['MOVED 1 127.0.0.1:7001', 'REDIS_CLUSTER'],
    ["NOPERM this user has no permissions to run the 'mget' command", 'REDIS_REFUSES_COMMANDS'],
    ['ERR upstream failure', 'REDIS_REFUSES_COMMANDS'],
    ['the stream was closed', 'REDIS_UNAVAILABLE'],
  ])('fail together when their round trip does: %s', async (reply, code) => {
    const reads = new BatchedReads({ mget: async () => Promise.reject(new Error(reply)) }, 60_000);
    opened.push(reads);
    const failures = [reads.get('a'), reads.get('b'), reads.getMany(['c'])];
    await Promise.all(failures.map((read) => expect(read).rejects.toMatchObject({ code })));
  });
});
