import path from 'node:path';
import { withFileLock } from '../../durable-files';

const WAIT_MILLIS_MAX = 120_000;

/**
 * Runs work as the only writer of a registry, across processes: versions are published and aliases
 * moved one at a time. Readers need no lock. The lock of a process that died is taken over.
 *
 * @throws ChurnError LOCK_HELD when another writer keeps the lock for two minutes.
 */
export function withRegistryLock<T>(modelsDir: string, work: () => Promise<T>): Promise<T> {
  const file = path.join(modelsDir, '.lock');
  const activity = 'writing to the model registry';
  return withFileLock({ file, waitMillis: WAIT_MILLIS_MAX, activity }, work);
}
