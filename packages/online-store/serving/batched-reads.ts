import { ChurnError } from '../../contracts';
import { asServingRefusal } from '../redis-errors';

/** What the reads go to: `mget` of ioredis. */
export interface KeyReader {
  mget(keys: string[]): Promise<(string | null)[]>;
}

interface Batch {
  readonly keys: string[];
  readonly settle: ((texts: readonly (string | null)[]) => void)[];
  readonly fail: ((error: unknown) => void)[];
  deadline: number;
}

/** How often what is unanswered is looked at: one timer for all, in place of one per command. */
const SWEEP_EVERY_MS = 50;

/**
 * Reads of single keys: those of one turn of the event loop share a round trip, and no round trip
 * waits for the one before (ioredis' own pipelining does, so that a Redis 20 ms away would take 40).
 * A read that is unanswered after the deadline fails; a late answer is dropped.
 */
export class BatchedReads {
  private next: Batch | undefined;
  private readonly unanswered = new Set<Batch>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly redis: KeyReader,
    private readonly deadlineMs: number,
  ) {
    this.timer = setInterval(() => this.failOverdue(), SWEEP_EVERY_MS);
    this.timer.unref();
  }

  /**
   * The text at a key; null where there is none, or something else than a text.
   *
   * @throws ChurnError REDIS_UNAVAILABLE, REDIS_CLUSTER
   */
  get(key: string): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const batch = (this.next ??= this.begin());
      const place = batch.keys.push(key) - 1;
      batch.settle.push((texts) => resolve(texts[place] ?? null));
      batch.fail.push(reject);
    });
  }

  /** As `get`, for several keys; one place per key. */
  getMany(keys: readonly string[]): Promise<readonly (string | null)[]> {
    return new Promise((resolve, reject) => {
      this.send({ keys: [...keys], settle: [resolve], fail: [reject], deadline: 0 });
    });
  }

  close(): void {
    clearInterval(this.timer);
  }

  private begin(): Batch {
    // After the I/O events of this turn: each of them may bring a request.
    setImmediate(() => {
      const batch = this.next!;
      this.next = undefined;
      this.send(batch);
    });
    return { keys: [], settle: [], fail: [], deadline: 0 };
  }

  private send(batch: Batch): void {
    batch.deadline = performance.now() + this.deadlineMs;
    this.unanswered.add(batch);
    this.redis.mget(batch.keys).then(
      (texts) => {
        if (this.unanswered.delete(batch)) for (const settle of batch.settle) settle(texts);
      },
      (error: unknown) => this.fail(batch, asServingRefusal(error)),
    );
  }

  private fail(batch: Batch, error: unknown): void {
    if (this.unanswered.delete(batch)) for (const fail of batch.fail) fail(error);
  }

  /** Batches are sent in the order of their deadlines. */
  private failOverdue(): void {
    const now = performance.now();
    for (const batch of this.unanswered) {
      if (batch.deadline > now) return;
      this.fail(batch, new ChurnError('REDIS_UNAVAILABLE'));
    }
  }
}
