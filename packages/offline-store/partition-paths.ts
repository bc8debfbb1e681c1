import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseLogicalDate, type LogicalDate } from '../instants';

/** The folders of an offline store; all on one file system, because hard links connect them. */
export interface StorePaths {
  /** Current days and nothing else: what readers of the store open. */
  readonly features: string;
  /** Every revision with its manifest, and what is being written. */
  readonly featureRevisions: string;
  /** Where earlier releases kept the revisions. Read where it is still there, never written. */
  readonly formerFeatureRevisions: string;
}

/** Where a partition of a date and its revisions lie. */
export interface PartitionPaths {
  /** `features/year=2024/month=01/day=01.parquet`: a hard link to the current revision's file. */
  readonly dayFile: string;
  /** `feature_revisions/year=2024/month=01/day=01`: nothing in it is ever removed. */
  readonly revisionsDirectory: string;
  revisionFile(revision: number): string;
  manifestFile(revision: number): string;
}

export function partitionPaths(store: StorePaths, date: LogicalDate): PartitionPaths {
  const { month, day } = foldersOf(date);
  const revisionsDirectory = path.join(store.featureRevisions, month, day);
  return {
    dayFile: path.join(store.features, month, `${day}.parquet`),
    revisionsDirectory,
    revisionFile: (revision) => path.join(revisionsDirectory, `${revisionName(revision)}.parquet`),
    manifestFile: (revision) => path.join(revisionsDirectory, `${revisionName(revision)}.json`),
  };
}

/**
 * The folders in which a reader has to look for the revisions of a date, the present one first. A
 * directory that nobody has opened for writing since an earlier release has them in the former one.
 */
export function revisionFolders(store: StorePaths, date: LogicalDate): string[] {
  const { month, day } = foldersOf(date);
  const roots = [store.featureRevisions];
  if (existsSync(store.formerFeatureRevisions)) roots.push(store.formerFeatureRevisions);
  return roots.map((root) => path.join(root, month, day));
}

/** The file of a revision for reading: where it is, or where it should be if it is nowhere. */
export function findRevisionFile(store: StorePaths, date: LogicalDate, revision: number): string {
  const [present, former] = revisionFolders(store, date).map((folder) =>
    path.join(folder, `${revisionName(revision)}.parquet`),
  );
  return former && !existsSync(present!) && existsSync(former) ? former : present!;
}

function foldersOf(date: LogicalDate): { month: string; day: string } {
  const [year, month, day] = parseLogicalDate(date).split('-');
  return { month: path.join(`year=${year}`, `month=${month}`), day: `day=${day}` };
}

function revisionName(revision: number): string {
  return `rev-${String(revision).padStart(4, '0')}`;
}

/** The names of a revision's files until it is published; `claim-dates.ts` removes what is left. */
export interface TemporaryPaths {
  readonly revisionFile: string;
  readonly manifestFile: string;
  readonly dayFile: string;
}

/** Those of one claim; all beside the revisions, so that nobody meets them in `features`. */
export function temporaryPaths(
  { revisionsDirectory }: PartitionPaths,
  fencingToken: number,
): TemporaryPaths {
  const named = (name: string) => path.join(revisionsDirectory, `.${name}.tmp-${fencingToken}`);
  return {
    revisionFile: named('revision'),
    manifestFile: named('manifest'),
    dayFile: named('day'),
  };
}
