import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long other requests may wait for a part of the work. */
const TURN_MS = 10;

/**
 * `Array.map` that lets other work of the process in between, every 10 ms: for work whose parts are
 * small and many.
 */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  resultOf: (item: Item, index: number) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  let endOfTurn = performance.now() + TURN_MS;
  for (const [index, item] of items.entries()) {
    if (performance.now() >= endOfTurn) {
      await nextTurn();
      endOfTurn = performance.now() + TURN_MS;
    }
    results.push(resultOf(item, index));
  }
  return results;
}
