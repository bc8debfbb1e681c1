import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { DataPaths } from '../../config';
import { ChurnError } from '../../contracts';
import { asStorageError, readTextIfThere, replaceDurably } from '../../durable-files';

/**
 * The id of the installation whose files these are; undefined where no file says so.
 *
 * @throws ChurnError CORRUPT_FILE when installation.json holds no id: whose the directory is can't be
 *   told, so that no database may pass for its own.
 */
export async function readDirectoryInstallation(paths: DataPaths): Promise<string | undefined> {
  const text = await readTextIfThere(paths.installation);
  if (text !== undefined) return idIn(text, path.relative(paths.root, paths.installation));
  // Directories of earlier releases have it beside the raw log alone.
  return (await readTextIfThere(path.join(paths.rawLog, '_installation')))?.trim();
}

function idIn(text: string, file: string): string {
  const id = parsed(text)?.id;
  if (typeof id === 'string' && id !== '') return id;
  throw new ChurnError('CORRUPT_FILE', { path: file, problem: 'it has no installation id' });
}

function parsed(text: string): { readonly id?: unknown } | undefined {
  try {
    return (JSON.parse(text) as { id?: unknown } | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes this data directory the installation's, or confirms that it is. Later calls write nothing.
 *
 * @throws ChurnError INSTALLATION_MISMATCH when it is another installation's; CORRUPT_FILE,
 *   STORAGE_UNAVAILABLE
 */
export async function claimDirectory(paths: DataPaths, id: string): Promise<void> {
  const found = await readDirectoryInstallation(paths);
  if (found !== undefined && found !== id) {
    const details = { store: 'The data directory', found, expected: id };
    throw new ChurnError('INSTALLATION_MISMATCH', details);
  }
  if ((await readTextIfThere(paths.installation)) !== undefined) return;
  await replaceDurably(paths.installation, `${JSON.stringify({ id })}\n`).catch(
    (error: unknown) => {
      throw asStorageError(error);
    },
  );
}

/** What of an installation lies in the directory: its id, or else the names of the folders. */
export async function contentOf(paths: DataPaths): Promise<string | undefined> {
  const id = await readDirectoryInstallation(paths);
  if (id !== undefined) return `installation ${id}`;
  const folders: [folder: string, entry: RegExp][] = [
    [paths.features, /^year=/],
    [paths.featureRevisions, /^year=/],
    [paths.rawLog, /^(batch=|merged$)/],
    [paths.models, /^v\d/],
  ];
  const found: string[] = [];
  for (const [folder, entry] of folders) {
    const names = await readdir(folder).catch(() => []);
    if (names.some((name) => entry.test(name))) found.push(path.relative(paths.root, folder));
  }
  return found.length === 0 ? undefined : found.join(', ');
}
