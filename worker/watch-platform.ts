import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerMetrics } from './worker-metrics';

const EVERY_MILLIS = 30_000;
const TIMEOUT_MILLIS = 5_000;

export type ServerName = 'postgres' | 'redis' | 'temporal';

export interface WatchedPlatform {
  /** Resolves when the server answers. */
  readonly servers: Readonly<Record<ServerName, () => Promise<unknown>>>;
  /** Dates whose daily run should have succeeded, has not, and is not running. */
  readonly missingRuns: () => Promise<readonly string[]>;
}

/**
 * Twice a minute, from the start of the worker until it stops, asks which servers can be reached and
 * which daily runs are missing, and says so in metrics. What nobody can say stays as it was.
 */
export async function watchPlatform(
  platform: WatchedPlatform,
  metrics: Pick<WorkerMetrics, 'serverUp' | 'runsUnfinished'>,
  stop: AbortSignal,
): Promise<void> {
  const look = createLook(platform, metrics);
  while (!stop.aborted) {
    await look();
    await delay(EVERY_MILLIS, undefined, { signal: stop }).catch(() => {});
  }
}

/** One look; a server that has not answered yet is not asked again meanwhile. */
export function createLook(
  { servers, missingRuns }: WatchedPlatform,
  metrics: Pick<WorkerMetrics, 'serverUp' | 'runsUnfinished'>,
  timeoutMillis = TIMEOUT_MILLIS,
): () => Promise<void> {
  const ask = Object.entries(servers).map(
    ([name, question]) => [name as ServerName, withinTime(question, timeoutMillis)] as const,
  );
  const askForRuns = withinTime(async () => {
    metrics.runsUnfinished((await missingRuns()).length);
  }, timeoutMillis);
  return async () => {
    await Promise.all(ask.map(async ([name, answers]) => metrics.serverUp(name, await answers())));
    await askForRuns();
  };
}

/** Whether it was answered in time. */
function withinTime(
  question: () => Promise<unknown>,
  timeoutMillis: number,
): () => Promise<boolean> {
  let pending: Promise<boolean> | undefined;
  return async () => {
    const end = new AbortController();
    pending ??= question()
      .then(
        () => true,
        () => false,
      )
      .finally(() => (pending = undefined));
    const late = delay(timeoutMillis, false, { signal: end.signal, ref: false });
    try {
      return await Promise.race([pending, late.catch(() => false)]);
    } finally {
      end.abort();
    }
  };
}
