import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { longestTurnMs } from '../../support/longest-turn';

/** The longest that a request may keep the others waiting. */
export const STALL_MAX_MS = 50;

export interface HeavyRequest {
  readonly what: string;
  /** `METHOD /path` */
  readonly target: string;
  readonly body?: string;
  readonly status: number;
}

const client = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', async ({ url, method, body }) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method, headers, body });
    const text = await response.text();
    parentPort.postMessage({ status: response.status, characters: text.length, text: text.slice(0, 500) });
  });
`;

interface Answer {
  readonly status: number;
  readonly characters: number;
  /** Its beginning. */
  readonly text: string;
}

/** Sends requests from another thread, so that this one does nothing but answer. */
export function openRequestingThread() {
  const worker = new Worker(client, { eval: true });
  return {
    /** The longest turn of this thread while a request is answered, in milliseconds of CPU time. */
    async stallOf(
      origin: string,
      { target, body, status }: HeavyRequest,
    ): Promise<{ stallMs: number; characters: number }> {
      const [method, path] = target.split(' ') as [string, string];
      let characters = 0;
      const stallMs = await longestTurnMs(async () => {
        worker.postMessage({ url: origin + path, method, body });
        const [answer] = (await once(worker, 'message')) as [Answer];
        if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`);
        characters = answer.characters;
      });
      return { stallMs, characters };
    },
    close: () => worker.terminate(),
  };
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!;
}
