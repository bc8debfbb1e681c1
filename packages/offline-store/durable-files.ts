import { createHash } from 'node:crypto';
import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../contracts';

/** Makes a file's or folder's contents survive a crash. */
export async function syncToDisk(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Moves a finished file into place in one step: readers see all of it or none. */
export async function moveIntoPlace(temporary: string, target: string): Promise<void> {
  await syncToDisk(temporary);
  await rename(temporary, target);
}

/** Writes a text into place in one step, and makes all that was moved into its folder last. */
export async function writeIntoPlace(
  target: string,
  temporary: string,
  text: string,
): Promise<void> {
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, target);
  await syncToDisk(path.dirname(target));
}

/** Replaces `target`, whose folder exists, by another name for `source`'s bytes, in one step. */
export async function replaceByLink(
  source: string,
  target: string,
  temporary: string,
): Promise<void> {
  await link(source, temporary).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    await removeFile(temporary);
    await link(source, temporary);
  });
  await rename(temporary, target);
  await syncToDisk(path.dirname(target));
}

/** Of a file that fits memory: partitions are a few megabytes. */
export async function sha256OfFile(file: string): Promise<string> {
  return (await describeFile(file)).sha256;
}

/** A file's size and hash; read whole, several times faster than by a stream. */
export async function describeFile(file: string): Promise<{ bytes: number; sha256: string }> {
  const content = await readFile(file);
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** Removes a file, if it is there. */
export async function removeFile(file: string): Promise<void> {
  await unlink(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

const outOfStorage = new Set(['ENOSPC', 'EROFS', 'EACCES', 'EPERM', 'EDQUOT']);

/** Turns "disk full" and "read-only" into STORAGE_UNAVAILABLE; other errors pass through. */
export function asStorageError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isFullForDuckDb =
    error instanceof Error && /No space left|Read-only file system/.test(error.message);
  if (!outOfStorage.has(code) && !isFullForDuckDb) return error;
  return new ChurnError(
    'STORAGE_UNAVAILABLE',
    { problem: code || 'no space left' },
    { cause: error },
  );
}
