import { link, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { DataPaths } from '../../config';
import { ChurnError } from '../../contracts';
import { asStorageError, sha256OfFile, syncToDisk, systemCode } from '../../durable-files';

type RevisionPaths = Pick<
  DataPaths,
  'root' | 'features' | 'featureRevisions' | 'formerFeatureRevisions'
>;

/**
 * Moves the revisions from where earlier releases kept them to their folder, and removes from
 * `features` what killed processes of those releases left there. Mostly that is one rename of a
 * folder. Where revisions lie in both places, because an earlier release ran once more, or the new
 * folder is a link to another, they are moved file by file. Killed anywhere, the next call
 * finishes; hard links stay hard links. The caller sees to it that nobody writes meanwhile.
 *
 * @throws ChurnError REVISIONS_DIFFER when both places have other files of the same revision;
 *   STORAGE_UNAVAILABLE
 */
export async function moveFeatureRevisions(paths: RevisionPaths): Promise<void> {
  try {
    // First: as long as the former folder is there, a call that was killed is done again.
    await removeTemporaryDays(paths.features);
    await moveFolder(paths.formerFeatureRevisions, paths.featureRevisions);
    await syncToDisk(paths.features);
    await syncToDisk(paths.root);
  } catch (error) {
    throw asStorageError(error);
  }
}

async function removeTemporaryDays(features: string): Promise<void> {
  for (const entry of await readdir(features, { recursive: true, withFileTypes: true })) {
    if (/^\.day=\d\d\.parquet\.tmp-\d+$/.test(entry.name)) {
      await rm(path.join(entry.parentPath, entry.name), { force: true });
    }
  }
}

const IS_THERE = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'];

async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!IS_THERE.includes(systemCode(error) ?? '')) throw error;
    await moveEntries(from, to);
  }
}

async function moveEntries(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await moveFolder(source, target);
    else if (entry.name.startsWith('.')) await rm(source, { force: true });
    else await moveFile(source, target);
  }
  await syncToDisk(to);
  await rmdir(from);
}

/** By a second link, which takes no other file's place. */
async function moveFile(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    const [left, right] = await Promise.all([sha256OfFile(source), sha256OfFile(target)]);
    if (left !== right) throw new ChurnError('REVISIONS_DIFFER', { former: source, file: target });
  }
  await rm(source);
}
