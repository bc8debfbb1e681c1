import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { withFileLock } from '../../durable-files';
import { onStorage } from '../on-storage';

const LOCK_WAIT_MS = 120_000;

/**
 * Runs work while no other process starts or stops services of this data directory. A lock whose
 * owner is gone is taken over.
 *
 * @throws ChurnError LOCK_HELD when the other process holds it beyond `waitMs`
 */
export async function withStackLock<T>(
  { runDir, waitMs = LOCK_WAIT_MS }: { runDir: string; waitMs?: number },
  work: () => Promise<T>,
): Promise<T> {
  onStorage(() => mkdirSync(runDir, { recursive: true, mode: 0o700 }));
  const file = path.join(runDir, 'stack.lock');
  const activity = 'starting or stopping services of this data directory';
  return withFileLock({ file, waitMillis: waitMs, activity }, work);
}
