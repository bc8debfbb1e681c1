import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadResult, type LoadResult } from './load-result';
import { PredictConnection } from './predict-connection';

const CONNECTIONS = 64;
const WARM_UP_MS = 1_000;

export interface OpenLoopOptions {
  readonly perSecond: number;
  /** Measured, after the warm-up. */
  readonly seconds: number;
}

/**
 * Requests at an even rate, however fast they are answered. A latency counts from the moment at which
 * the request was due, also when it waited for a free connection, so that a server that stalls is
 * charged for every request that was due meanwhile. Returns once all are answered.
 */
export async function loadOpenLoop(
  port: number,
  { perSecond, seconds }: OpenLoopOptions,
): Promise<LoadResult> {
  const latencies: number[] = [];
  const free = Array.from({ length: CONNECTIONS }, () => new PredictConnection(port));
  const all = [...free];
  const everyMs = 1_000 / perSecond;
  const firstMeasured = Math.ceil(WARM_UP_MS / everyMs);
  const total = firstMeasured + Math.round(seconds * perSecond);
  const start = performance.now();
  let asked = 0;
  let answered = 0;
  while (answered < total) {
    const now = performance.now();
    while (free.length > 0 && asked < total && start + asked * everyMs <= now) {
      const connection = free.pop()!;
      const index = asked;
      asked += 1;
      connection.ask(() => {
        answered += 1;
        free.push(connection);
        if (index < firstMeasured) return;
        latencies.push(performance.now() - (start + index * everyMs));
      });
    }
    // A timer would come a millisecond late, and then be due for several at once.
    await nextTurn();
  }
  const took = (performance.now() - start - firstMeasured * everyMs) / 1000;
  all.forEach((connection) => connection.close());
  return loadResult(latencies, { answered, seconds: took });
}
