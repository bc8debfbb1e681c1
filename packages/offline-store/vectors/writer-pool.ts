import { createBoundedTasks, type BoundedTasks } from '../../bounded-tasks';
import type { VectorWriter } from './vector-writer';

/**
 * A few pieces of work at a time, each of which borrows one of fewer writers for a part of it: while
 * one date's bytes reach the disk and the ledger, the next is being encoded.
 */
export class WriterPool {
  /** The pieces of work; `add` starts one as soon as there is room. */
  readonly tasks: BoundedTasks;
  private readonly idle: VectorWriter[];
  private readonly waiting: ((writer: VectorWriter) => void)[] = [];

  constructor(writers: readonly VectorWriter[], tasksMax: number) {
    this.idle = [...writers];
    this.tasks = createBoundedTasks(tasksMax);
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

  /** Waits for all that was started, whatever became of it. */
  async settle(): Promise<void> {
    await this.tasks.drain().catch(() => {});
  }
}
