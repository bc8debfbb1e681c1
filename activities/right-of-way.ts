/** How long background work rests between two pieces of it. */
const REST_MILLIS = 1_000;

/** Lets the steps of daily runs go before backfills, which share processors and event loop with them. */
export interface RightOfWay {
  /** Runs urgent work; until it has ended, `giveWay` makes background work rest. */
  hold<T>(work: () => Promise<T>): Promise<T>;
  /**
   * To be awaited before each piece of background work. Resolves at once while nothing urgent runs,
   * else when the urgent work has ended, or for one caller after each rest: background work goes on
   * with one thread, and is never held up for ever. Rejects when `signal` is aborted.
   */
  giveWay(signal: AbortSignal): Promise<void>;
}

export function createRightOfWay({ restMs = REST_MILLIS }: { restMs?: number } = {}): RightOfWay {
  const holders = new Set<symbol>();
  const waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const letOneGo = () => {
    timer = undefined;
    waiting.shift()?.();
    if (waiting.length > 0) timer = setTimeout(letOneGo, restMs);
  };
  const letAllGo = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const go of waiting.splice(0)) go();
  };
  return {
    hold: async (work) => {
      const holder = Symbol('holder');
      holders.add(holder);
      try {
        return await work();
      } finally {
        holders.delete(holder);
        if (holders.size === 0) letAllGo();
      }
    },
    giveWay: async (signal) => {
      signal.throwIfAborted();
      if (holders.size === 0) return;
      await new Promise<void>((resolve) => {
        const go = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(go), 1);
          go();
        };
        waiting.push(go);
        signal.addEventListener('abort', leave);
        timer ??= setTimeout(letOneGo, restMs);
      });
      signal.throwIfAborted();
    },
  };
}
