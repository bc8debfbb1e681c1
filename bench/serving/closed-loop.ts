import { setTimeout as delay } from 'node:timers/promises';
import { loadResult, type LoadResult } from './load-result';
import { PredictConnection } from './predict-connection';

const CONNECTIONS = 32;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 3_000;

/** As many requests as a server takes from clients that each wait for their answer. */
export async function loadClosedLoop(port: number): Promise<LoadResult> {
  const latencies: number[] = [];
  let answered = 0;
  let waiting = CONNECTIONS;
  let isMeasuring = false;
  let isOver = false;
  const askOn = (connection: PredictConnection): void => {
    const askedAt = performance.now();
    connection.ask(() => {
      answered += 1;
      if (isMeasuring) latencies.push(performance.now() - askedAt);
      if (!isOver) askOn(connection);
      else waiting -= 1;
    });
  };
  const connections = Array.from({ length: CONNECTIONS }, () => new PredictConnection(port));
  connections.forEach(askOn);
  await delay(WARM_UP_MS);
  isMeasuring = true;
  const start = performance.now();
  await delay(MEASURE_MS);
  isOver = true;
  const seconds = (performance.now() - start) / 1000;
  // An answer that nobody reads would be in the prediction log all the same.
  while (waiting > 0) await delay(1);
  connections.forEach((connection) => connection.close());
  return loadResult(latencies, { answered, seconds });
}
