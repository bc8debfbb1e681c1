/**
 * Runs work once for all who ask for it while it waits to begin. It runs once at a time, and never began
 * before it was asked for: whoever asks while it runs gets what the next run comes to. So at most one
 * runs and one waits, however many ask and leave.
 */
export function sharedByCallers<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function begin(): Promise<T> {
    next = undefined;
    const run = work().finally(() => {
      if (running === run) running = undefined;
    });
    running = run;
    return run;
  }

  return () => {
    if (!running) return begin();
    next ??= running.then(begin, begin);
    return next;
  };
}
