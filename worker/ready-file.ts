import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TOUCHED_EVERY_MILLIS, type ReadyWorker } from '../packages/local-services';

/**
 * Says that the worker polls its queues; the stack and health checks look for it. It is touched from the
 * event loop until it is removed: a process that hangs lives, and only the age of its file tells.
 */
export function createReadyFile(file: string, worker: ReadyWorker) {
  let touching: NodeJS.Timeout | undefined;
  const touch = () => {
    const now = new Date();
    try {
      utimesSync(file, now, now);
    } catch {
      // Somebody has removed it, or the data directory can't be written to: the next one may succeed.
    }
  };
  return {
    /** Appears whole, by one rename. */
    write(): void {
      mkdirSync(path.dirname(file), { recursive: true });
      const temporary = `${file}.${worker.pid}`;
      writeFileSync(temporary, `${JSON.stringify(worker)}\n`);
      renameSync(temporary, file);
      touching ??= setInterval(touch, TOUCHED_EVERY_MILLIS).unref();
    },
    remove(): void {
      clearInterval(touching);
      rmSync(file, { force: true });
    },
  };
}
