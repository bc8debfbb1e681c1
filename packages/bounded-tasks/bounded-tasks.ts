/** Runs tasks side by side, at most `limit` at a time. */
export interface BoundedTasks {
  /** Starts the task when there is room. Rejects with the first failure of an earlier one. */
  add(task: () => Promise<void>): Promise<void>;
  /** Waits for all. Rejects with the first failure. */
  drain(): Promise<void>;
}

export function createBoundedTasks(limit: number): BoundedTasks {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const throwFailure = () => {
    if (failures.length > 0) throw failures[0];
  };
  return {
    async add(task) {
      while (running.size >= limit) await Promise.race(running);
      throwFailure();
      const run: Promise<void> = task()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(run));
      running.add(run);
    },
    async drain() {
      await Promise.all(running);
      throwFailure();
    },
  };
}
