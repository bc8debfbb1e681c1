import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../contracts';

/** SHA-256 of a file's bytes, in hex; read as a stream. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Writes a new file and has it on disk when it returns. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Has a file or the entries of a folder on disk when it returns. */
export async function syncToDisk(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file in one step: a reader sees the old text or the new one. */
export async function replaceDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  await writeDurably(temporary, text);
  await rename(temporary, file);
  await syncToDisk(path.dirname(file));
}

/** The error code of a failed system call, such as ENOENT; undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  // Not `instanceof Error`: Node's own errors are of another realm under jest.
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const storageCodes = new Set(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO']);

/** Turns a full or unwritable disk into STORAGE_UNAVAILABLE; other errors pass through. */
export function asStorageError(error: unknown): unknown {
  const code = systemCode(error);
  if (!code || !storageCodes.has(code)) return error;
  return new ChurnError('STORAGE_UNAVAILABLE', { problem: code }, { cause: error });
}
