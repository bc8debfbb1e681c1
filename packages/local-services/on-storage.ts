import { asStorageError } from '../durable-files';

/** Runs work on the data directory. @throws ChurnError STORAGE_UNAVAILABLE */
export function onStorage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asStorageError(error);
  }
}

/** What a service's log says about a disk that can't be written, if anything. */
export function storageProblemIn(logTail: string): string | undefined {
  return /no space left on device|read-only file system|disk quota exceeded/i.exec(logTail)?.[0];
}
