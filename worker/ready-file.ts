import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ReadyWorker } from '../packages/local-services';

/** Says that the worker polls its queues; the stack and health checks look for it. */
export function createReadyFile(file: string, worker: ReadyWorker) {
  return {
    /** Appears whole, by one rename. */
    write(): void {
      mkdirSync(path.dirname(file), { recursive: true });
      const temporary = `${file}.${worker.pid}`;
      writeFileSync(temporary, `${JSON.stringify(worker)}\n`);
      renameSync(temporary, file);
    },
    remove(): void {
      rmSync(file, { force: true });
    },
  };
}
