import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { OnlineReader } from '../../../../packages/online-store/serving/online-reader';
import { testMeta, testSchema } from '../vector-fixture';

/** A Redis that was looked at once and hangs from then on, but that `mget` may answer late. */
class HangingRedis extends EventEmitter {
  readonly status = 'ready';
  private looks = 0;

  constructor(private readonly nullAfterMs: number) {
    super();
  }

  pipeline() {
    const replies = [testMeta.installation_id, JSON.stringify(testMeta), null];
    return { get: () => {}, exec: () => this.replyOnce(replies.map((reply) => [null, reply])) };
  }

  mget(keys: string[]) {
    return new Promise((resolve) => {
      setTimeout(() => resolve(keys.map(() => null)), this.nullAfterMs);
    });
  }

  disconnect(): void {}

  private async replyOnce<T>(reply: T): Promise<T> {
    this.looks += 1;
    return this.looks === 1 ? reply : new Promise(() => {});
  }
}

describe('an answer of a Redis that hangs', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it.each([
    ['at once', 3_600_000],
    ['when it is asked a second time for the same user', 800],
  ])('is refused within a second by default: %s', async (_when, nullAfterMs) => {
    const redis = new HangingRedis(nullAfterMs);
    const features = new OnlineReader({
      redis: redis as unknown as Redis,
      installationId: async () => testMeta.installation_id,
      schema: testSchema,
      lookEveryMs: 3_600_000,
    });
    await features.meta();
    const began = performance.now();
    const refusals = [features.read('a'), features.readMany(['a', 'b'])].map((answer) =>
      answer.then(
        () => undefined,
        (error: { code: string }) => [error.code, performance.now() - began <= 950],
      ),
    );
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await Promise.all(refusals)).toEqual(refusals.map(() => ['REDIS_UNAVAILABLE', true]));
    features.close();
  });
});
