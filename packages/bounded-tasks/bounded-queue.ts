export interface BoundedQueueOptions {
  /** How many may wait behind the one that runs. */
  readonly waitingMax: number;
  /** What one more is refused with. */
  readonly full: () => Error;
}

/** Runs work when its turn comes; rejects with the signal's reason when that is aborted before. */
export type BoundedQueue = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/**
 * Runs what it is given one after the other, in the order given; a failure stops no later one. Work
 * whose signal is aborted while it waits gives up its place and never runs.
 */
export function createBoundedQueue({ waitingMax, full }: BoundedQueueOptions): BoundedQueue {
  const waiting = new Set<() => void>();
  let isRunning = false;

  function takeTurn(signal: AbortSignal | undefined): Promise<void> {
    if (waiting.size >= waitingMax) throw full();
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(begin);
        reject(signal!.reason as Error);
      };
      waiting.add(begin);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** Hands the turn to the one that waits longest, or to the next that comes. */
  function passTurn(): void {
    const [next] = waiting;
    isRunning = next !== undefined;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  }

  return async (work, signal) => {
    signal?.throwIfAborted();
    if (isRunning) await takeTurn(signal);
    else isRunning = true;
    try {
      return await work();
    } finally {
      passTurn();
    }
  };
}
