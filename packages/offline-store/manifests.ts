import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError, type PartitionManifest, type PublishedPartition } from '../contracts';
import type { LogicalDate } from '../instants';
import { sha256OfFile } from '../durable-files';
import {
  findRevisionFile,
  partitionPaths,
  revisionFolders,
  type StorePaths,
} from './partition-paths';

/**
 * Every manifest beside the revisions of a date, oldest first; published or not.
 *
 * @throws ChurnError CORRUPT_FILE for one that is not JSON.
 */
export async function readManifests(
  store: StorePaths,
  date: LogicalDate,
): Promise<PartitionManifest[]> {
  const files = new Map<number, string>();
  // The present folder last: what it has is what counts.
  for (const folder of revisionFolders(store, date).reverse()) {
    for (const name of await readdir(folder).catch(() => [])) {
      const revision = /^rev-(\d+)\.json$/.exec(name)?.[1];
      if (revision !== undefined) files.set(Number(revision), path.join(folder, name));
    }
  }
  const inOrder = [...files].sort(([a], [b]) => a - b);
  return Promise.all(inOrder.map(([, file]) => readManifest(store, file)));
}

async function readManifest({ features }: StorePaths, file: string): Promise<PartitionManifest> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text) as PartitionManifest;
  } catch {
    const relative = path.relative(path.dirname(features), file);
    throw new ChurnError('CORRUPT_FILE', { path: relative, problem: 'it is not JSON' });
  }
}

/**
 * The partition that a day's file holds now, from the files alone: the manifest of the highest
 * revision with the file's sha256. The ledger is rebuilt from this.
 */
export async function currentPartition(
  store: StorePaths,
  date: LogicalDate,
): Promise<PublishedPartition | undefined> {
  const { dayFile } = partitionPaths(store, date);
  const sha256 = await sha256OfFile(dayFile).catch(() => undefined);
  const manifests = await readManifests(store, date);
  const manifest = manifests.findLast((candidate) => candidate.sha256 === sha256);
  return manifest && { manifest, path: findRevisionFile(store, date, manifest.revision) };
}

/** The dates that have a day's file, in order. */
export async function datesOnDisk({
  features,
}: Pick<StorePaths, 'features'>): Promise<LogicalDate[]> {
  const files = await readdir(features, { recursive: true }).catch(() => []);
  return files
    .flatMap((file) => {
      const parts = /^year=(\d{4}).month=(\d{2}).day=(\d{2})\.parquet$/.exec(file);
      return parts ? [`${parts[1]}-${parts[2]}-${parts[3]}`] : [];
    })
    .sort();
}
