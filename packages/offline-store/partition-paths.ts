import path from 'node:path';
import { parseLogicalDate, type LogicalDate } from '../instants';

/** Where a partition of a date and its revisions lie below the features folder. */
export interface PartitionPaths {
  /** `year=2024/month=01/day=01.parquet`: what readers of the store open. */
  readonly dayFile: string;
  /** `_revisions/year=2024/month=01/day=01`: every revision with its manifest; nothing is removed. */
  readonly revisionsDirectory: string;
  revisionFile(revision: number): string;
  manifestFile(revision: number): string;
}

export function partitionPaths(featuresDir: string, date: LogicalDate): PartitionPaths {
  const [year, month, day] = parseLogicalDate(date).split('-');
  const folders = [`year=${year}`, `month=${month}`];
  const revisionsDirectory = path.join(featuresDir, '_revisions', ...folders, `day=${day}`);
  const numbered = (revision: number, extension: string) =>
    path.join(revisionsDirectory, `rev-${String(revision).padStart(4, '0')}.${extension}`);
  return {
    dayFile: path.join(featuresDir, ...folders, `day=${day}.parquet`),
    revisionsDirectory,
    revisionFile: (revision) => numbered(revision, 'parquet'),
    manifestFile: (revision) => numbered(revision, 'json'),
  };
}

/** The names of a revision's files until it is published; `claim-dates.ts` removes what is left. */
export interface TemporaryPaths {
  readonly revisionFile: string;
  readonly manifestFile: string;
  /** Beside the day's file. */
  readonly dayFile: string;
}

/** Those of one claim, in the folders where the files will be. */
export function temporaryPaths(
  { revisionsDirectory, dayFile }: PartitionPaths,
  fencingToken: number,
): TemporaryPaths {
  const named = (folder: string, name: string) => path.join(folder, `.${name}.tmp-${fencingToken}`);
  return {
    revisionFile: named(revisionsDirectory, 'revision'),
    manifestFile: named(revisionsDirectory, 'manifest'),
    dayFile: named(path.dirname(dayFile), path.basename(dayFile)),
  };
}
