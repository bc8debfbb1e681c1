import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { storageError, systemCode } from './storage-error';

/** Makes a folder and those above it. @throws ChurnError STORAGE_UNAVAILABLE */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw storageError(error);
  });
}

/**
 * Confirms that a folder, which is made if it is not there, takes new files: one is written and
 * removed. So a full disk is named before others fail because of it.
 *
 * @throws ChurnError STORAGE_UNAVAILABLE
 */
export async function requireWritable(folder: string): Promise<void> {
  await makeFolder(folder);
  const file = temporaryIn(folder);
  try {
    await writeFile(file, '\n');
  } catch (error) {
    throw storageError(error);
  } finally {
    await rm(file, { force: true });
  }
}

/** Has a file, or the entries of a folder, on disk when it returns. */
export async function syncToDisk(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a text to a file of its own, and has it on disk when it returns. */
export function writeDurably(file: string, text: string): Promise<void> {
  return putDurably(file, text, { flag: 'w' });
}

/** Adds a text to the end of a file, which is made if it is not there. */
export function appendDurably(file: string, text: string, mode?: number): Promise<void> {
  return putDurably(file, text, { flag: 'a', mode });
}

async function putDurably(
  file: string,
  text: string,
  { flag, mode }: { flag: 'w' | 'a'; mode?: number },
): Promise<void> {
  const handle = await open(file, flag, mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file in one step: a reader sees the old text or the new one. */
export async function replaceDurably(
  file: string,
  text: string,
  temporary = `${file}.${randomUUID()}.tmp`,
): Promise<void> {
  await writeDurably(temporary, text);
  await rename(temporary, file);
  await syncToDisk(path.dirname(file));
}

/** Moves a finished file into place in one step; the entry of its folder is not waited for. */
export async function moveIntoPlace(temporary: string, target: string): Promise<void> {
  await syncToDisk(temporary);
  await rename(temporary, target);
}

/** Makes another name for a file's bytes, in the place of what is there. */
export async function linkInPlaceOf(name: string, file: string): Promise<void> {
  await link(file, name).catch(async (error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
    await rm(name, { force: true });
    await link(file, name);
  });
}

/**
 * Makes a finished folder appear under its final name at once: its files reach the disk first, then
 * one rename. A power cut leaves the whole folder or none.
 *
 * @returns false when something not empty is there already; nothing has changed then.
 */
export async function publishFolder(temporary: string, final: string): Promise<boolean> {
  for (const name of await readdir(temporary)) await syncToDisk(path.join(temporary, name));
  await syncToDisk(temporary);
  try {
    await rename(temporary, final);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
  await syncToDisk(path.dirname(final));
  return true;
}

/**
 * Removes a folder, gone by one rename for whoever looks for it from now on: nobody finds half of it,
 * and a process that still writes into it can't publish what is left. Nothing where there is none.
 */
export async function removeAtOnce(folder: string): Promise<void> {
  const doomed = temporaryIn(path.dirname(folder));
  try {
    await rename(folder, doomed);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  await rm(doomed, { recursive: true, force: true });
}

/** A hidden name of its own for what is not finished or is about to go. */
export function temporaryIn(folder: string): string {
  return path.join(folder, `.${randomUUID()}.tmp`);
}

/** The text of a file, or undefined where there is none. */
export async function readTextIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
