import path from 'node:path';
import { ChurnError } from '../../contracts';
import { withFileLock } from '../../durable-files';

const WAIT_MILLIS_MAX = 120_000;

/**
 * Runs work as the only writer of a registry, across processes: versions are published and aliases
 * moved one at a time. Readers need no lock. The lock of a process that died is taken over.
 *
 * @throws ChurnError STORAGE_UNAVAILABLE when another writer keeps the lock for two minutes.
 */
export function withRegistryLock<T>(modelsDir: string, work: () => Promise<T>): Promise<T> {
  const problem = 'another process holds the lock of the model registry';
  return withFileLock(
    {
      file: path.join(modelsDir, '.lock'),
      waitMillis: WAIT_MILLIS_MAX,
      isHeld: () => new ChurnError('STORAGE_UNAVAILABLE', { problem }),
    },
    work,
  );
}
