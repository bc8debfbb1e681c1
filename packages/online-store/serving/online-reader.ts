import type { Redis } from 'ioredis';
import { ChurnError, isChurnError, type OnlineMeta, type OnlineVector } from '../../contracts';
import { createVectorDecoder, type VectorDecoder, type VectorSchema } from '../decode-vector';
import { vectorKey } from '../online-keys';
import type { OnlineState } from '../online-state';
import {
  decodeReply,
  decodeServed,
  isFromFuture,
  readWithState,
  type VectorReply,
} from '../read-online';
import { asServingRefusal } from '../redis-errors';
import { BatchedReads } from './batched-reads';
import { rememberVectors } from './remember-vectors';

export interface OnlineReaderOptions {
  /** A connection of `openRedisForServing`, which stays the caller's to close. */
  readonly redis: Redis;
  /** The id of the installation that asks; undefined while it has none. Asked until it has one. */
  readonly installationId: () => Promise<string | undefined>;
  /** The schema that is served; vectors of it are checked feature by feature. */
  readonly schema?: VectorSchema;
  /** Within which every call is answered or fails; default 900 ms, so that answers take no second. */
  readonly deadlineMs?: number;
  /** How often Redis is asked whose it is and what is published; default 1,000 ms. */
  readonly lookEveryMs?: number;
}

const DEADLINE_MS = 900;
const LOOK_EVERY_MS = 1_000;
/** A connection on which so many looks in a row found the one before unanswered is made anew. */
const LOOKS_BEFORE_RECONNECTING = 5;

/**
 * The online features that may be served: of the installation that asks, published and undamaged.
 *
 * Redis is looked at (whose it is, what is published) whenever it is connected and once a second;
 * until a look has found that it may be served, and while one is unanswered for longer than that,
 * nothing is read from it. What a read finds strange, a user without a vector or one later than the
 * newest sync, is looked at again together with that bookkeeping before it is answered.
 */
export class OnlineReader {
  private readonly reads: BatchedReads;
  private readonly decode: VectorDecoder;
  private readonly timer: NodeJS.Timeout;
  private readonly deadlineMs: number;
  private state: OnlineState | undefined;
  private refusal = new ChurnError('REDIS_UNAVAILABLE');
  private looking: Promise<void> | undefined;
  private lookBegan = 0;
  private looksUnanswered = 0;
  private installation: string | undefined;

  constructor(private readonly options: OnlineReaderOptions) {
    const { redis } = options;
    this.deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.reads = new BatchedReads(redis, this.deadlineMs);
    this.decode = rememberVectors(createVectorDecoder(options.schema));
    redis.on('ready', this.beginConnection);
    redis.on('close', this.forget);
    if (redis.status === 'ready') this.beginConnection();
    this.timer = setInterval(() => this.lookAgain(), options.lookEveryMs ?? LOOK_EVERY_MS);
    this.timer.unref();
  }

  /**
   * A user's vector; null where the user is not in the published partition.
   *
   * @throws ChurnError REDIS_UNAVAILABLE, REDIS_CLUSTER, INSTALLATION_MISMATCH, NO_FEATURES,
   *   CORRUPT_ONLINE_KEY, CORRUPT_VECTOR, and what `installationId` throws
   */
  async read(userId: string): Promise<OnlineVector | null> {
    const began = performance.now();
    const { state } = this;
    const text = state ? await this.reads.get(vectorKey(userId)) : null;
    if (state && text !== null) {
      const vector = this.decode(text, userId);
      if (!isFromFuture(vector, state)) return vector;
    }
    const [reply] = await this.readAfresh([userId], began);
    if (isChurnError(reply)) throw reply;
    return reply ?? null;
  }

  /**
   * As `read`, one place per user in the order given; an error of one vector (CORRUPT_VECTOR,
   * CORRUPT_ONLINE_KEY) is that user's.
   *
   * @throws ChurnError REDIS_UNAVAILABLE, REDIS_CLUSTER, INSTALLATION_MISMATCH, NO_FEATURES,
   *   CORRUPT_ONLINE_KEY of the bookkeeping
   */
  async readMany(userIds: readonly string[]): Promise<VectorReply[]> {
    const began = performance.now();
    const { state } = this;
    if (!state) return this.readAfresh(userIds, began);
    const texts = await this.reads.getMany(userIds.map(vectorKey));
    const replies = userIds.map((id, index) => decodeReply(texts[index] ?? null, id, this.decode));
    const strange = userIds.filter((_, index) => isStrange(replies[index]!, state));
    if (strange.length === 0) return replies;
    const afresh = await this.readAfresh(strange, began);
    let next = 0;
    return replies.map((reply) => (isStrange(reply, state) ? afresh[next++]! : reply));
  }

  /**
   * What is published; null: nothing is.
   *
   * @throws ChurnError REDIS_UNAVAILABLE, REDIS_CLUSTER, INSTALLATION_MISMATCH, CORRUPT_ONLINE_KEY
   */
  async meta(): Promise<OnlineMeta | null> {
    const began = performance.now();
    if (this.mayAsk()) await this.inTime(this.look(), began);
    if (this.state) return this.state.meta;
    if (this.refusal.code === 'NO_FEATURES') return null;
    throw this.refusal;
  }

  close(): void {
    clearInterval(this.timer);
    this.reads.close();
    this.options.redis.off('ready', this.beginConnection);
    this.options.redis.off('close', this.forget);
  }

  /** Nothing is unanswered on it. */
  private readonly beginConnection = (): void => {
    this.looksUnanswered = 0;
    void this.look();
  };

  private readonly forget = (): void => {
    this.state = undefined;
    this.refusal = new ChurnError('REDIS_UNAVAILABLE');
  };

  /** Whether Redis is worth asking: an answer that others wait for in vain would only come late. */
  private mayAsk(): boolean {
    return this.looksUnanswered === 0 && this.options.redis.status === 'ready';
  }

  private lookAgain(): void {
    const { redis } = this.options;
    const isOverdue = this.looking && performance.now() - this.lookBegan >= this.deadlineMs;
    // A Redis that accepts a connection and says nothing is in this state for ever.
    if (!isOverdue && redis.status !== 'connect') {
      if (!this.looking) void this.look();
      return;
    }
    this.looksUnanswered += 1;
    this.forget();
    if (this.looksUnanswered % LOOKS_BEFORE_RECONNECTING === 0) redis.disconnect(true);
  }

  /** One look at a time. However late its answer comes, it counts: it says how Redis is now. */
  private look(): Promise<void> {
    if (this.looking) return this.looking;
    this.lookBegan = performance.now();
    this.looking = this.ask([]).then(
      () => this.endLook(),
      () => this.endLook(),
    );
    return this.looking;
  }

  private endLook(): void {
    this.looking = undefined;
    this.looksUnanswered = 0;
  }

  /** Asks whose Redis this is and what is published, and reads some users' vectors with it. */
  private async ask(userIds: readonly string[]): Promise<VectorReply[]> {
    try {
      this.installation ??= await this.options.installationId();
      const { redis } = this.options;
      const { replies, ...context } = await readWithState(redis, userIds, this.installation);
      this.state = context.state;
      const { decode } = this;
      return userIds.map((id, index) => decodeServed(replies[index]!, id, { ...context, decode }));
    } catch (error) {
      this.state = undefined;
      this.refusal = asServingRefusal(error);
      throw this.refusal;
    }
  }

  private async readAfresh(userIds: readonly string[], began: number): Promise<VectorReply[]> {
    if (!this.mayAsk()) throw this.refusal;
    return this.inTime(this.ask(userIds), began);
  }

  /** What is left of the deadline of a call that began then. */
  private async inTime<T>(work: Promise<T>, began: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const fail = () => reject(new ChurnError('REDIS_UNAVAILABLE'));
      timer = setTimeout(fail, Math.max(0, began + this.deadlineMs - performance.now()));
    });
    // Work that fails after its deadline has nobody left to tell.
    work.catch(() => {});
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }
}

/** Such a reply is asked for again, together with the bookkeeping. */
function isStrange(reply: VectorReply, state: OnlineState): boolean {
  if (reply === null) return true;
  return !isChurnError(reply) && isFromFuture(reply, state);
}
