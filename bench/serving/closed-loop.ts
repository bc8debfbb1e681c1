import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { USERS } from './bench-vectors';

const CONNECTIONS = 32;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 3_000;

export interface LoadResult {
  /** Requests answered, those of the warm-up too. */
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Closed loop over raw keep-alive sockets: a client that costs less than what it measures. */
export async function loadClosedLoop(port: number): Promise<LoadResult> {
  const latencies: number[] = [];
  let next = 0;
  let answered = 0;
  let isMeasuring = false;
  let isOver = false;
  const request = () => {
    const body = JSON.stringify({ user_id: `bench-${next++ % USERS}` });
    return `POST /predict HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = net.connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    let received = '';
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(request());
    };
    socket.on('connect', send);
    socket.on('data', (chunk: string) => {
      received += chunk;
      const headerEnd = received.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(received);
      if (headerEnd < 0 || received.length < headerEnd + 4 + Number(length?.[1])) return;
      if (!received.startsWith('HTTP/1.1 200')) throw new Error(received);
      received = '';
      answered += 1;
      if (isMeasuring) latencies.push(performance.now() - sentAt);
      if (!isOver) send();
    });
    return socket;
  });
  await delay(WARM_UP_MS);
  isMeasuring = true;
  const start = performance.now();
  await delay(MEASURE_MS);
  isOver = true;
  const seconds = (performance.now() - start) / 1000;
  sockets.forEach((socket) => socket.destroy());
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? NaN;
  return {
    answered,
    perSecond: latencies.length / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}
