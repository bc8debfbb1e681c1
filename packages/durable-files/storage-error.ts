import path from 'node:path';
import { ChurnError } from '../contracts';

const problems = new Map([
  ['EROFS', 'it is on a read-only file system'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'a file would exceed the limit on its size (ulimit -f)'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENOTDIR', 'a part of its path is not a folder'],
  ['EIO', 'the disk reports read or write errors'],
  ['EMFILE', 'too many files are open (ulimit -n)'],
  ['ENFILE', 'too many files are open on this machine'],
  ['EXDEV', 'its folders are on different file systems, but hard links need a single one'],
]);

/** Turns a disk that is full or can't be written into STORAGE_UNAVAILABLE; other errors pass through. */
export function asStorageError(error: unknown): unknown {
  return problems.has(systemCode(error) ?? '') ? storageError(error) : error;
}

/** STORAGE_UNAVAILABLE with what an error says, whatever it is. */
export function storageError(error: unknown): ChurnError {
  const code = systemCode(error);
  const said = problems.get(code ?? '') ?? code ?? messageOf(error);
  const file = fileIn(error);
  const problem = file === undefined ? said : `${said} (${file})`;
  return new ChurnError('STORAGE_UNAVAILABLE', { problem }, { cause: error });
}

/** The file that a system call failed on, where Node says which; without its folder, which is private. */
function fileIn(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('path' in error)) return undefined;
  return typeof error.path === 'string' ? path.basename(error.path) : undefined;
}

/** The error code of a failed system call, such as ENOENT; undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  // Not `instanceof Error`: Node's own errors are of another realm under jest.
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
