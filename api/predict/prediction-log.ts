import type { Logger } from 'pino';
import type { LoggedPrediction } from '../../packages/contracts';
import { formatInstant } from '../../packages/instants';
import type { PendingPrediction, PredictionLogPort, PredictionStore } from '../ports';
import type { PredictionSpool } from './prediction-spool';

export interface PredictionLogOptions {
  readonly store: PredictionStore;
  /** Where predictions go that are still pending at shutdown. */
  readonly spool: PredictionSpool;
  readonly logger: Logger;
  readonly capacity?: number;
  readonly batchRows?: number;
  readonly intervalMs?: number;
  /** How long a shutdown waits for the database before it spools. */
  readonly closeTimeoutMs?: number;
}

const LONGEST_PAUSE_MS = 5_000;

/**
 * Predictions on their way to ops.predictions: a bounded ring that is written in batches, off the
 * request's path. While the database is down they wait; once the ring is full new ones are dropped
 * and counted. Writing is idempotent by prediction id, so a batch may be tried again.
 */
export class PredictionLog implements PredictionLogPort {
  private readonly ring: (PendingPrediction | undefined)[];
  private readonly batchRows: number;
  private readonly intervalMs: number;
  private readonly formatMillis = createMillisFormatter();
  private first = 0;
  private size = 0;
  private droppedCount = 0;
  private writing: Promise<boolean> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failuresInARow = 0;
  private isStarted = false;
  private isClosed = false;
  private isSpoolRead = false;

  constructor(private readonly options: PredictionLogOptions) {
    this.ring = new Array<PendingPrediction | undefined>(options.capacity ?? 10_000);
    this.batchRows = options.batchRows ?? 500;
    this.intervalMs = options.intervalMs ?? 200;
  }

  get pending(): number {
    return this.size;
  }

  get dropped(): number {
    return this.droppedCount;
  }

  /** Starts writing in the background, first what an earlier process left in the spool. */
  start(): void {
    this.isStarted = true;
    this.schedule(0);
  }

  append(prediction: PendingPrediction): void {
    if (this.size === this.ring.length) {
      this.droppedCount += 1;
      return;
    }
    this.ring[(this.first + this.size) % this.ring.length] = prediction;
    this.size += 1;
    const isBatchFull = this.size === this.batchRows && this.failuresInARow === 0;
    if (isBatchFull && this.isStarted && !this.writing) this.schedule(0);
  }

  async flush(): Promise<boolean> {
    // A write under way may have begun before the newest rows were appended.
    await this.writing;
    return this.writeAll();
  }

  /** Writes what is pending, or spools what the database does not take in time. */
  async close(): Promise<void> {
    this.isStarted = false;
    clearTimeout(this.timer);
    const timeoutMs = this.options.closeTimeoutMs ?? 3_000;
    if (await within(timeoutMs, this.flush())) return;
    this.isClosed = true;
    const rows = this.peek(this.size);
    // Rows of a batch still under way are spooled too: writing them twice changes nothing.
    await this.options.spool.append(rows);
    this.discard(rows.length);
    this.options.logger.warn({ predictions: rows.length }, 'pending predictions were spooled');
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.writeAndReschedule(), delayMs);
    this.timer.unref();
  }

  private async writeAndReschedule(): Promise<void> {
    await this.writeAll();
    if (this.isStarted) this.schedule(this.pauseMs());
  }

  private pauseMs(): number {
    if (this.failuresInARow === 0) return this.size >= this.batchRows ? 0 : this.intervalMs;
    const pause = this.intervalMs * 2 ** Math.min(this.failuresInARow, 10);
    return Math.min(pause, Math.max(LONGEST_PAUSE_MS, this.intervalMs));
  }

  private writeAll(): Promise<boolean> {
    this.writing ??= this.drain().finally(() => (this.writing = undefined));
    return this.writing;
  }

  private async drain(): Promise<boolean> {
    try {
      await this.restoreSpool();
      while (this.size > 0 && !this.isClosed) {
        const rows = this.peek(this.batchRows);
        await this.insert(rows);
        if (!this.isClosed) this.discard(rows.length);
      }
      this.failuresInARow = 0;
      return true;
    } catch (error) {
      if (this.failuresInARow === 0) {
        this.options.logger.warn(
          { err: error, pending: this.size },
          'predictions wait to be logged',
        );
      }
      this.failuresInARow += 1;
      return false;
    }
  }

  private async restoreSpool(): Promise<void> {
    if (this.isSpoolRead) return;
    await this.options.spool.restore(async (rows) => {
      for (let start = 0; start < rows.length; start += this.batchRows) {
        await this.insert(rows.slice(start, start + this.batchRows));
      }
    });
    this.isSpoolRead = true;
  }

  /** Inserts rows; when the database refuses them, only the row it refuses is given up. */
  private async insert(rows: readonly LoggedPrediction[]): Promise<void> {
    try {
      await this.options.store.insertPredictions(rows);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (rows.length === 1) {
        this.droppedCount += 1;
        const predictionId = rows[0]?.predictionId;
        this.options.logger.error({ err: error, predictionId }, 'a prediction could not be logged');
        return;
      }
      const half = Math.ceil(rows.length / 2);
      await this.insert(rows.slice(0, half));
      await this.insert(rows.slice(half));
    }
  }

  private peek(count: number): LoggedPrediction[] {
    return Array.from({ length: Math.min(count, this.size) }, (_, offset) => {
      const pending = this.ring[(this.first + offset) % this.ring.length]!;
      const { predictedAtMillis, ...rest } = pending;
      return { ...rest, predictedAt: this.formatMillis(predictedAtMillis) };
    });
  }

  private discard(count: number): void {
    for (let done = 0; done < count; done += 1) {
      this.ring[this.first] = undefined;
      this.first = (this.first + 1) % this.ring.length;
    }
    this.size -= count;
  }
}

/** Many predictions share a millisecond: its text is made once. */
function createMillisFormatter(): (millis: number) => string {
  let last = NaN;
  let text = '';
  return (millis) => {
    if (millis !== last) {
      text = formatInstant(BigInt(millis) * 1000n);
      last = millis;
    }
    return text;
  };
}

/** SQLSTATE classes 22 (data exception) and 23 (constraint violation): trying again can't help. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}

/** The result, or false when it takes longer. */
async function within(timeoutMs: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
