import { ChurnError } from '../contracts';

const unwritable = new Set(['ENOSPC', 'EROFS', 'EACCES', 'EPERM', 'EDQUOT', 'ENOTDIR', 'EIO']);

/** Turns a folder that can't be written into STORAGE_UNAVAILABLE; other errors pass through. */
export function asStorageError(error: unknown): unknown {
  const code = errorCodeOf(error);
  const isFullForDuckDb = /No space left|Read-only file system|Permission denied/.test(
    String(error),
  );
  if (!unwritable.has(code) && !isFullForDuckDb) return error;
  return new ChurnError(
    'STORAGE_UNAVAILABLE',
    { problem: code || 'no space left' },
    { cause: error },
  );
}

/** `ENOENT` and the like; not by instanceof, which does not know errors of another realm. */
export function errorCodeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
