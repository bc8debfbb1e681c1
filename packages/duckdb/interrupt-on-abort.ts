import type { DuckDb } from './open-duckdb';

/** An interruption is forgotten when the next query begins. */
const REPEAT_MILLIS = 100;

/**
 * A DuckDB whose queries are interrupted when the signal is aborted: those under way, those that follow,
 * and those of the single-threaded ones that it opens. `stop` is called when the work has ended, before
 * the DuckDB is closed.
 */
export function interruptOnAbort(
  duckDb: DuckDb,
  signal: AbortSignal,
): { readonly duckDb: DuckDb; readonly stop: () => void } {
  const opened = new Set<DuckDb>([duckDb]);
  let repeated: NodeJS.Timeout | undefined;
  const interrupt = () => {
    for (const { connection } of opened) connection.interrupt();
  };
  const begin = () => {
    interrupt();
    repeated = setInterval(interrupt, REPEAT_MILLIS);
  };
  signal.addEventListener('abort', begin, { once: true });
  if (signal.aborted) begin();
  const openSingleThreaded = async () => {
    const single = await duckDb.openSingleThreaded();
    opened.add(single);
    const close = () => {
      opened.delete(single);
      single.close();
    };
    return { ...single, close };
  };
  const stop = () => {
    signal.removeEventListener('abort', begin);
    clearInterval(repeated);
  };
  return { duckDb: { ...duckDb, openSingleThreaded }, stop };
}
