import type { Logger } from 'pino';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChurnError, LoggedPrediction } from '../../packages/contracts';
import type {
  PendingPrediction,
  PredictionLogPort,
  PredictionLogStatus,
  PredictionStore,
} from '../ports';
import { PendingPredictions } from './pending-predictions';
import type { PredictionSpool } from './prediction-spool';

export interface PredictionLogOptions {
  readonly store: PredictionStore;
  /** Where predictions go that the database does not take. */
  readonly spool: PredictionSpool;
  readonly logger: Logger;
  /** How many predictions may wait in memory. */
  readonly capacity?: number;
  readonly batchRows?: number;
  readonly intervalMs?: number;
  /** How long the database may take for a batch before the rows are spooled. */
  readonly insertTimeoutMs?: number;
  /** After how long an insert without an answer holds up the others no more. */
  readonly abandonAfterMs?: number;
  /** How long a shutdown goes on writing to the database before it spools. */
  readonly closeTimeoutMs?: number;
}

const LONGEST_PAUSE_MS = 5_000;
/** As many are turned into text at once, so that no request waits for it. */
const SPOOL_ROWS = 1_000;

/**
 * Predictions on their way to ops.predictions: from memory in batches, off the request's path, or,
 * while the database does not take them, from memory to files and from there, oldest first. So a
 * prediction is in memory alone for `intervalMs`, or with a database that hangs for
 * `insertTimeoutMs` more. One is dropped, and counted, only when the database is down, nothing can be
 * spooled and memory is full. Writing is idempotent by prediction id, so a batch may be tried again.
 */
export class PredictionLog implements PredictionLogPort {
  private readonly memory: PendingPredictions;
  private readonly batchRows: number;
  private readonly intervalMs: number;
  private readonly abandonAfterMs: number;
  private turn: Promise<void> | undefined;
  private loading: Promise<void> | undefined;
  /** An insert that took too long, until it ends or is abandoned; it never rejects. */
  private unfinished: Promise<void> | undefined;
  /** Ends the waiting for an insert: memory is half full. */
  private hurry: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failuresInARow = 0;
  private retryAt = 0;
  /** Until when batches are begun: in a shutdown, not for long. */
  private deadline = Infinity;
  private isStarted = false;
  private isClosed = false;

  constructor(private readonly options: PredictionLogOptions) {
    this.memory = new PendingPredictions(options.capacity ?? 50_000);
    this.batchRows = options.batchRows ?? 500;
    this.intervalMs = options.intervalMs ?? 200;
    this.abandonAfterMs = options.abandonAfterMs ?? 30_000;
  }

  get pending(): number {
    return this.memory.size + this.options.spool.waiting;
  }

  get spooled(): number {
    return this.options.spool.waiting;
  }

  get spooledTotal(): number {
    return this.options.spool.counts.spooled;
  }

  get dropped(): number {
    return this.options.spool.counts.dropped;
  }

  get status(): PredictionLogStatus {
    if (this.failuresInARow === 0 && this.spooled === 0) return 'logging';
    return this.spoolProblem ? 'buffering' : 'spooling';
  }

  get spoolProblem(): ChurnError | undefined {
    return this.options.spool.problem;
  }

  /** Starts writing in the background, first what earlier processes left in the spool. */
  start(): void {
    this.isStarted = true;
    this.schedule(0);
  }

  append(prediction: PendingPrediction): void {
    // The answer of a request that outlived the connections reaches nobody.
    if (this.isClosed) return;
    if (!this.memory.add(prediction)) {
      this.options.spool.countDropped(1);
      return;
    }
    const { size, capacity } = this.memory;
    if (size === this.batchRows && this.isStarted && !this.turn) this.schedule(0);
    else if (size === capacity >> 1) this.hurry?.();
  }

  /** Writes all that waits, if the database takes it; true when nothing is left. */
  async flush(): Promise<boolean> {
    // A turn under way may have begun before the newest rows were appended.
    await this.turn;
    await this.loading;
    this.retryAt = 0;
    await this.takeTurn();
    await this.loading;
    return this.pending === 0;
  }

  /** Writes what is in memory, or spools what the database does not take in time. */
  async close(): Promise<void> {
    const { spool, logger, closeTimeoutMs = 1_000 } = this.options;
    this.isStarted = false;
    this.isClosed = true;
    this.deadline = performance.now() + closeTimeoutMs;
    clearTimeout(this.timer);
    await this.turn;
    const isWritten = this.canInsert() && (await this.insertPending());
    if (!isWritten) await this.spoolPending();
    const lost = this.memory.size;
    if (lost > 0) {
      spool.countDropped(lost);
      this.memory.discard(lost);
      logger.error({ predictions: lost }, 'predictions are lost: they could not be kept anywhere');
    }
    await spool.close();
    if (spool.waiting > 0) {
      logger.warn({ predictions: spool.waiting }, 'pending predictions were spooled');
    }
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.takeTurnAndReschedule(), delayMs);
    this.timer.unref();
  }

  private async takeTurnAndReschedule(): Promise<void> {
    await this.takeTurn();
    if (this.isStarted) this.schedule(this.memory.size >= this.batchRows ? 0 : this.intervalMs);
  }

  private takeTurn(): Promise<void> {
    this.turn ??= this.moveOn().finally(() => (this.turn = undefined));
    return this.turn;
  }

  private async moveOn(): Promise<void> {
    await this.options.spool.survey();
    const isWritten = this.canInsert() && (await this.insertPending());
    if (!isWritten) await this.spoolPending();
    this.startLoading();
  }

  /** In order: not before what is spooled. */
  private canInsert(): boolean {
    return this.spooled === 0 && !this.unfinished && performance.now() >= this.retryAt;
  }

  /** Inserts what is in memory now; false when some of it is left. */
  private async insertPending(): Promise<boolean> {
    for (let left = this.memory.size; left > 0;) {
      if (performance.now() >= this.deadline) return false;
      const rows = this.memory.peek(Math.min(left, this.batchRows));
      if (!(await this.insertInTime(rows))) return false;
      this.memory.discard(rows.length);
      left -= rows.length;
    }
    return true;
  }

  private async insertInTime(rows: readonly LoggedPrediction[]): Promise<boolean> {
    const inserting = this.insert(rows);
    // A connection that has died without a word never answers, while others may work.
    const settled = within(this.abandonAfterMs, inserting).then(noop, noop);
    this.unfinished = settled;
    void settled.finally(() => {
      if (this.unfinished === settled) this.unfinished = undefined;
    });
    const patience = this.patience();
    try {
      const refused = await Promise.race([inserting, patience.over]);
      this.giveUp(refused);
      this.noteSuccess();
      this.unfinished = undefined;
      return true;
    } catch (error) {
      this.noteFailure(error);
      return false;
    } finally {
      patience.end();
    }
  }

  private patience(): { over: Promise<never>; end: () => void } {
    let end = noop;
    const over = new Promise<never>((_resolve, reject) => {
      const late = () => reject(new Error('the database does not answer in time'));
      const timer = setTimeout(late, this.options.insertTimeoutMs ?? 500);
      this.hurry = late;
      end = () => {
        clearTimeout(timer);
        this.hurry = undefined;
      };
    });
    over.catch(noop);
    return { over, end };
  }

  /** Where it fails, predictions stay in memory; the spool has said why. */
  private async spoolPending(): Promise<void> {
    try {
      for (let left = this.memory.size; left > 0;) {
        const rows = this.memory.peek(Math.min(left, SPOOL_ROWS));
        await this.options.spool.append(rows);
        this.memory.discard(rows.length);
        left -= rows.length;
      }
    } catch {
      // Tried again in the next turn.
    }
  }

  private startLoading(): void {
    if (this.loading || this.isClosed || this.spooled === 0) return;
    if (performance.now() < this.retryAt) return;
    this.loading = this.load().finally(() => (this.loading = undefined));
  }

  private async load(): Promise<void> {
    const predictions = this.spooled;
    try {
      await this.unfinished;
      while (!this.isClosed && (await this.options.spool.loadOldest((rows) => this.write(rows))));
      this.noteSuccess();
      if (!this.isClosed) {
        this.options.logger.info({ predictions }, 'spooled predictions were logged');
      }
    } catch (error) {
      this.noteFailure(error);
    }
  }

  /** Of a file of the spool: in batches, each with as much time as the database needs. */
  private async write(rows: readonly LoggedPrediction[]): Promise<void> {
    const refused: LoggedPrediction[] = [];
    for (let start = 0; start < rows.length; start += this.batchRows) {
      const batch = rows.slice(start, start + this.batchRows);
      refused.push(...(await within(this.abandonAfterMs, this.insert(batch))));
    }
    this.giveUp(refused);
  }

  /**
   * Inserts rows. When the database refuses them, all but those that it refuses by themselves.
   *
   * @returns those.
   */
  private async insert(rows: readonly LoggedPrediction[]): Promise<readonly LoggedPrediction[]> {
    try {
      await this.options.store.insertPredictions(rows);
      return [];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (rows.length === 1) {
        const predictionId = rows[0]?.predictionId;
        this.options.logger.error({ err: error, predictionId }, 'a prediction could not be logged');
        return rows;
      }
      const half = Math.ceil(rows.length / 2);
      const refused = await this.insert(rows.slice(0, half));
      return [...refused, ...(await this.insert(rows.slice(half)))];
    }
  }

  private giveUp(refused: readonly LoggedPrediction[]): void {
    if (refused.length > 0) this.options.spool.countDropped(refused.length);
  }

  private noteSuccess(): void {
    this.failuresInARow = 0;
    this.retryAt = 0;
  }

  private noteFailure(error: unknown): void {
    if (this.failuresInARow === 0) {
      const { pending } = this;
      this.options.logger.warn({ err: error, pending }, 'predictions wait to be logged');
    }
    this.failuresInARow += 1;
    const pause = this.intervalMs * 2 ** Math.min(this.failuresInARow, 10);
    this.retryAt = performance.now() + Math.min(pause, Math.max(LONGEST_PAUSE_MS, this.intervalMs));
  }
}

/** SQLSTATE classes 22 (data exception) and 23 (constraint violation): trying again can't help. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}

/** The result, or an error when it takes longer. */
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const abort = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: abort.signal, ref: false }).then(() => {
    throw new Error('the database does not answer');
  });
  late.catch(noop);
  return Promise.race([work, late]).finally(() => abort.abort());
}

function noop(): void {}
