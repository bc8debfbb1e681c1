import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { isChurnError } from '../../contracts';
import { withFileLock } from '../../durable-files';
import { onStorage } from '../on-storage';

const LOCK_WAIT_MS = 120_000;

/**
 * Runs work while no other process starts or stops services of this data directory. A lock whose
 * owner is gone is taken over.
 *
 * @param options.isOptional work runs without the lock if the disk can't hold one, because it is full
 * @throws ChurnError LOCK_HELD when the other process holds it beyond `waitMs`; STORAGE_UNAVAILABLE
 */
export async function withStackLock<T>(
  options: { runDir: string; waitMs?: number; isOptional?: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const { runDir, waitMs = LOCK_WAIT_MS, isOptional = false } = options;
  onStorage(() => mkdirSync(runDir, { recursive: true, mode: 0o700 }));
  const file = path.join(runDir, 'stack.lock');
  const activity = 'starting or stopping services of this data directory';
  let isHeld = false;
  const workWithLock = () => {
    isHeld = true;
    return work();
  };
  try {
    return await withFileLock({ file, waitMillis: waitMs, activity }, workWithLock);
  } catch (error) {
    const isUnwritable = !isHeld && isChurnError(error) && error.code === 'STORAGE_UNAVAILABLE';
    if (!isOptional || !isUnwritable) throw error;
    return work();
  }
}
