import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { ChurnError } from '../../contracts';
import { withFileLock } from '../../durable-files';
import { onStorage } from '../on-storage';

/**
 * Runs work while no other process starts or stops services of this data directory. A lock whose
 * owner is gone is taken over.
 *
 * @throws ChurnError SERVICE_FAILED_TO_START when the other process holds it beyond `waitMs`
 */
export async function withStackLock<T>(
  { runDir, waitMs }: { runDir: string; waitMs: number },
  work: () => Promise<T>,
): Promise<T> {
  onStorage(() => mkdirSync(runDir, { recursive: true, mode: 0o700 }));
  const file = path.join(runDir, 'stack.lock');
  const isHeld = (pid: number | undefined) =>
    new ChurnError('SERVICE_FAILED_TO_START', {
      service: 'The stack',
      problem: `process ${pid ?? '?'} is starting or stopping it and has not finished`,
      log: file,
    });
  return withFileLock({ file, waitMillis: waitMs, isHeld }, work);
}
