import { ChurnError } from '../contracts';
import { systemErrorCode } from './system-error-code';

const codes = new Map([
  ['EROFS', 'it is on a read-only file system'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENOTDIR', 'a part of its path is not a folder'],
]);

/** Turns a failure to write into STORAGE_UNAVAILABLE; other errors pass through. */
export function asStorageError(error: unknown): unknown {
  const problem = codes.get(systemErrorCode(error));
  return problem ? new ChurnError('STORAGE_UNAVAILABLE', { problem }, { cause: error }) : error;
}

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
