import path from 'node:path';
import { withFileLock } from '../../durable-files';

/** A training waits for another one, which writes its version under the lock. */
const WAIT_MILLIS_MAX = 120_000;

/**
 * Runs work as the only writer of a registry, across processes: versions are published and aliases
 * moved one at a time. Readers need no lock. The lock of a process that died is taken over.
 *
 * @param waitMillis How long to wait for another writer; by default two minutes.
 * @throws ChurnError LOCK_HELD when another writer keeps the lock for longer; STORAGE_UNAVAILABLE
 */
export function withRegistryLock<T>(
  modelsDir: string,
  work: () => Promise<T>,
  waitMillis = WAIT_MILLIS_MAX,
): Promise<T> {
  const file = path.join(modelsDir, '.lock');
  return withFileLock({ file, waitMillis, activity: 'writing to the model registry' }, work);
}

/** For whoever answers a person, who may try again when a training has been written. */
export const SHORT_WAIT_MILLIS = 10_000;
