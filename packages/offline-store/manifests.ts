import { readdir, readFile } from 'node:fs/promises';
import type { PartitionManifest, PublishedPartition } from '../contracts';
import type { LogicalDate } from '../instants';
import { sha256OfFile } from '../durable-files';
import { partitionPaths } from './partition-paths';

/** Every manifest beside the revisions of a date, oldest first; published or not. */
export async function readManifests(
  featuresDir: string,
  date: LogicalDate,
): Promise<PartitionManifest[]> {
  const paths = partitionPaths(featuresDir, date);
  const names = await readdir(paths.revisionsDirectory).catch(() => []);
  const revisions = names
    .flatMap((name) => /^rev-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const texts = revisions.map((revision) => readFile(paths.manifestFile(revision), 'utf8'));
  return (await Promise.all(texts)).map((text) => JSON.parse(text) as PartitionManifest);
}

/**
 * The partition that a day's file holds now, from the files alone: the manifest of the highest
 * revision with the file's sha256. The ledger is rebuilt from this.
 */
export async function currentPartition(
  featuresDir: string,
  date: LogicalDate,
): Promise<PublishedPartition | undefined> {
  const paths = partitionPaths(featuresDir, date);
  const sha256 = await sha256OfFile(paths.dayFile).catch(() => undefined);
  const manifests = await readManifests(featuresDir, date);
  const manifest = manifests.findLast((candidate) => candidate.sha256 === sha256);
  return manifest && { manifest, path: paths.revisionFile(manifest.revision) };
}

/** The dates that have a day's file, in order. */
export async function datesOnDisk(featuresDir: string): Promise<LogicalDate[]> {
  const files = await readdir(featuresDir, { recursive: true }).catch(() => []);
  return files
    .flatMap((file) => {
      const parts = /^year=(\d{4}).month=(\d{2}).day=(\d{2})\.parquet$/.exec(file);
      return parts ? [`${parts[1]}-${parts[2]}-${parts[3]}`] : [];
    })
    .sort();
}
