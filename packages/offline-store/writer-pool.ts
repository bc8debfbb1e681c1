import type { VectorWriter } from './vector-writer';

/**
 * A few pieces of work at a time, each of which borrows one of fewer writers for a part of it: while
 * one date's bytes reach the disk and the ledger, the next is being encoded.
 */
export class WriterPool {
  private readonly idle: VectorWriter[];
  private readonly waiting: ((writer: VectorWriter) => void)[] = [];
  private readonly running = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly writers: readonly VectorWriter[],
    private readonly tasksMax: number,
  ) {
    this.idle = [...writers];
  }

  /**
   * Starts a piece of work as soon as there is room, and returns when it has started.
   *
   * @throws what an earlier piece of work threw; nothing is started then.
   */
  async start(task: () => Promise<void>): Promise<void> {
    while (this.running.size >= this.tasksMax) await Promise.race(this.running);
    this.throwFailure();
    const run: Promise<void> = task()
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  /** Lends a writer to `use`; waits for one. */
  async withWriter<T>(use: (writer: VectorWriter) => Promise<T>): Promise<T> {
    const writer =
      this.idle.pop() ??
      (await new Promise<VectorWriter>((resolve) => {
        this.waiting.push(resolve);
      }));
    try {
      return await use(writer);
    } finally {
      const next = this.waiting.shift();
      if (next) next(writer);
      else this.idle.push(writer);
    }
  }

  /** Waits for all that was started. @throws what one of them threw first. */
  async finish(): Promise<void> {
    await Promise.all(this.running);
    this.throwFailure();
  }

  /** Waits for all that was started, whatever became of it, and closes the writers. */
  async close(): Promise<void> {
    await Promise.all(this.running);
    for (const writer of this.writers) writer.close();
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }
}
