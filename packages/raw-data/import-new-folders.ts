import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError, escapeUnprintable, isChurnError, type ErrorCode } from '../contracts';
import {
  importFolderUnless,
  recordFolder,
  type ImportOptions,
  type LoadReport,
} from './import-folder';

export interface ImportNewFoldersOptions extends Omit<ImportOptions, 'folder' | 'completeThrough'> {
  /** Its subfolders are loads, each in the import format. */
  readonly importDir: string;
}

export interface ImportedFolder {
  readonly name: string;
  readonly report: LoadReport;
}

/**
 * Loads every subfolder that was not loaded yet, in bytewise order of their names, each as a batch
 * of its own and exactly once. Names that begin with `.` or `_` or end in `.tmp` are left alone: a
 * folder is filled under such a name and then renamed. A missing `importDir` is an empty one.
 *
 * @throws ChurnError INVALID_IMPORT, TOO_MANY_REJECTED or NOTHING_ACCEPTED naming the folder, which
 *   can be loaded again once it is mended; those before it stay loaded, those after it wait, because
 *   later loads may build on it.
 */
export async function importNewFolders(
  options: ImportNewFoldersOptions,
): Promise<ImportedFolder[]> {
  const { importDir, ...rest } = options;
  const done = await options.database.sql<
    { name: string }[]
  >`SELECT name FROM ops.imported_folders`;
  const known = new Set(done.map((folder) => folder.name));
  const imported: ImportedFolder[] = [];
  for (const name of await listFolders(importDir)) {
    if (known.has(name)) continue;
    const report = await importOnce({ ...rest, folder: path.join(importDir, name) }, name);
    if (report) imported.push({ name, report });
  }
  return imported;
}

/** What is wrong with a folder, and can be mended in it. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INVALID_IMPORT',
  'TOO_MANY_REJECTED',
  'NOTHING_ACCEPTED',
]);

async function importOnce(options: ImportOptions, name: string): Promise<LoadReport | null> {
  try {
    return await importFolderUnless(options, {
      isDone: async (tx) => {
        const found = await tx`SELECT FROM ops.imported_folders WHERE name = ${name}`;
        return found.length > 0;
      },
      record: (tx, batch) => recordFolder(tx, name, batch),
    });
  } catch (error) {
    if (!isChurnError(error) || !refusals.has(error.code)) throw error;
    const problem = `in folder ${escapeUnprintable(name)}: ${String(error.details.problem)}`;
    throw new ChurnError(error.code, { ...error.details, problem }, { cause: error });
  }
}

async function listFolders(importDir: string): Promise<string[]> {
  const entries = await readdir(importDir, { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isDirectory() && !/^[._]|\.tmp$/.test(entry.name))
    .map((entry) => entry.name)
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}
