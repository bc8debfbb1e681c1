import type { Worker } from '@temporalio/worker';

type RunnableWorker = Pick<Worker, 'run' | 'shutdown' | 'getState'>;

/**
 * Runs the workers until `stop` is aborted, then drains them: no new tasks, running activities get
 * their grace time. When one of them dies, the others are drained and this rejects with its error:
 * half a worker is none.
 */
export async function runWorkers({
  workers,
  stop,
  onRunning,
}: {
  workers: readonly RunnableWorker[];
  stop: AbortSignal;
  /** Called once all of them poll. */
  onRunning: () => void;
}): Promise<void> {
  // Worker.shutdown throws unless the worker is running: it may be draining already.
  const drain = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) => worker.run());
  const settled = Promise.allSettled(runs);
  stop.addEventListener('abort', drain, { once: true });
  try {
    // run() polls from its first synchronous step on.
    if (workers.every((worker) => worker.getState() === 'RUNNING')) onRunning();
    if (stop.aborted) drain();
    await Promise.all(runs);
  } finally {
    stop.removeEventListener('abort', drain);
    drain();
    await settled;
  }
}
