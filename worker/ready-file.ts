import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Says that the worker polls its queues; the stack and health checks look for it. */
export function createReadyFile(file: string, pid: number) {
  return {
    /** Appears whole, by one rename. */
    write(): void {
      mkdirSync(path.dirname(file), { recursive: true });
      const temporary = `${file}.${pid}`;
      writeFileSync(temporary, `${JSON.stringify({ pid })}\n`);
      renameSync(temporary, file);
    },
    remove(): void {
      rmSync(file, { force: true });
    },
  };
}
