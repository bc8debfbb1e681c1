import { open, readdir, rename } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a finished folder appear under its final name at once: its files reach the disk first, then
 * one rename. A power cut leaves the whole folder or none.
 *
 * @returns false when something not empty is there already; nothing has changed then.
 */
export async function publishFolder(temporary: string, final: string): Promise<boolean> {
  for (const name of await readdir(temporary)) await flush(path.join(temporary, name));
  await flush(temporary);
  try {
    await rename(temporary, final);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
  await flush(path.dirname(final));
  return true;
}

async function flush(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
