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

/** The manifests beside the revisions of a date, oldest first; published or not. */
export interface ManifestScan {
  readonly manifests: readonly PartitionManifest[];
  /** Files in the place of one that hold something else. */
  readonly damaged: readonly { revision: number; file: string; problem: string }[];
}

export async function scanManifests(store: StorePaths, date: LogicalDate): Promise<ManifestScan> {
  const files = new Map<number, string>();
  // The present folder last: what it has is what counts.
  for (const folder of revisionFolders(store, date).reverse()) {
    for (const name of await readdir(folder).catch(() => [])) {
      const revision = /^rev-(\d+)\.json$/.exec(name)?.[1];
      if (revision !== undefined) files.set(Number(revision), path.join(folder, name));
    }
  }
  const inOrder = [...files].sort(([a], [b]) => a - b);
  const manifests: PartitionManifest[] = [];
  const damaged: { revision: number; file: string; problem: string }[] = [];
  for (const [revision, file] of inOrder) {
    const read = await readManifest(file, { date, revision });
    if (typeof read === 'string') damaged.push({ revision, file, problem: read });
    else manifests.push(read);
  }
  return { manifests, damaged };
}

/** A manifest, or what is wrong with it. */
async function readManifest(
  file: string,
  { date, revision }: { date: LogicalDate; revision: number },
): Promise<PartitionManifest | string> {
  let document: Partial<PartitionManifest> | null;
  try {
    document = JSON.parse(await readFile(file, 'utf8')) as Partial<PartitionManifest> | null;
  } catch (error) {
    if (error instanceof SyntaxError) return 'it is not JSON';
    throw error;
  }
  if (document?.date !== date || document.revision !== revision || !document.sha256) {
    return 'it is not the manifest of this revision';
  }
  return document as PartitionManifest;
}

/**
 * Every manifest beside the revisions of a date, oldest first; published or not.
 *
 * @throws ChurnError CORRUPT_FILE for one that is damaged.
 */
export async function readManifests(
  store: StorePaths,
  date: LogicalDate,
): Promise<readonly PartitionManifest[]> {
  const { manifests, damaged } = await scanManifests(store, date);
  const [first] = damaged;
  if (!first) return manifests;
  const relative = path.relative(path.dirname(store.features), first.file);
  throw new ChurnError('CORRUPT_FILE', { path: relative, problem: first.problem });
}

/**
 * The partition that a day's file holds now, from the files alone: the manifest of the highest
 * revision with the file's sha256, of those that can be read. The ledger is rebuilt from this.
 */
export async function currentPartition(
  store: StorePaths,
  date: LogicalDate,
): Promise<PublishedPartition | undefined> {
  const { dayFile } = partitionPaths(store, date);
  const sha256 = await sha256OfFile(dayFile).catch(() => undefined);
  const { manifests } = await scanManifests(store, date);
  const manifest = manifests.findLast((candidate) => candidate.sha256 === sha256);
  return manifest && { manifest, path: findRevisionFile(store, date, manifest.revision) };
}

/** The newest revision of a date whose file is the one that its manifest describes. */
export async function newestWholeRevision(
  store: StorePaths,
  date: LogicalDate,
): Promise<PartitionManifest | undefined> {
  const { manifests } = await scanManifests(store, date);
  for (const manifest of [...manifests].reverse()) {
    const file = findRevisionFile(store, date, manifest.revision);
    if ((await sha256OfFile(file).catch(() => undefined)) === manifest.sha256) return manifest;
  }
  return undefined;
}

/** The dates that have manifests of revisions, in order. */
export async function datesWithRevisions({
  featureRevisions,
  formerFeatureRevisions,
}: StorePaths): Promise<LogicalDate[]> {
  const dates = new Set<LogicalDate>();
  for (const root of [featureRevisions, formerFeatureRevisions]) {
    for (const file of await readdir(root, { recursive: true }).catch(() => [])) {
      const parts = /^year=(\d{4}).month=(\d{2}).day=(\d{2}).rev-\d+\.json$/.exec(file);
      if (parts) dates.add(`${parts[1]}-${parts[2]}-${parts[3]}`);
    }
  }
  return [...dates].sort();
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
