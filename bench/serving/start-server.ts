import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { peerScript } from '../peers/run-peer';
import { MODEL } from './bench-vectors';

export interface ServerUse {
  /** Since its start, all threads. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** Predictions that are not logged yet. */
  readonly pending: number;
  /** Predictions that could not be logged. */
  readonly dropped: number;
}

export interface RunningServer {
  readonly port: number;
  use(): Promise<ServerUse>;
  stop(): void;
}

export interface NodeServerOptions {
  readonly role: 'bare' | 'api';
  readonly redisUrl: string;
  readonly databaseUrl?: string;
  /** Of Node. */
  readonly flags: readonly string[];
}

export async function startNodeServer(options: NodeServerOptions): Promise<RunningServer> {
  const { role, redisUrl, databaseUrl, flags } = options;
  const script = path.join(__dirname, 'server-process.js');
  const args = [role, redisUrl, ...(databaseUrl ? [databaseUrl] : [])];
  const child = fork(script, args, { execArgv: [...flags] });
  const port = await messageOf<number>(child);
  const use = async () => {
    child.send('use');
    return messageOf<ServerUse>(child);
  };
  return { port, use, stop: () => void child.kill() };
}

/** The next message of a process; an error when the process ends without one. */
export async function messageOf<T>(child: ChildProcess): Promise<T> {
  const settled = new AbortController();
  const { signal } = settled;
  const died = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of the benchmark ended with ${code}`);
  });
  died.catch(() => {});
  const said = once(child, 'message', { signal }).then(([message]) => message as T);
  said.catch(() => {});
  return Promise.race([said, died]).finally(() => settled.abort());
}

/** @param python One with FastAPI and scikit-learn. */
export async function startFastApi(python: string, redisUrl: string): Promise<RunningServer> {
  const args = [peerScript('fastapi-predict.py'), redisUrl, JSON.stringify(MODEL)];
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  const use = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/cpu`);
    return {
      cpuMicros: Number(await response.json()) * 1e6,
      rssBytes: NaN,
      pending: 0,
      dropped: 0,
    };
  };
  await answersWithin(10_000, use);
  return { port, use, stop: () => void child.kill() };
}

/** Its port is bound before it listens. */
async function answersWithin(timeoutMs: number, ask: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + timeoutMs; ; await delay(50)) {
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
