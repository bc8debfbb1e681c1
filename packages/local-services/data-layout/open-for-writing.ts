import { existsSync } from 'node:fs';
import { dataPaths, type Config, type DataPaths } from '../../config';
import { requireWritable } from '../../durable-files';
import { withStackLock } from '../processes/stack-lock';
import { readStackState, type StackState } from '../state-file';
import { requireNoEarlierRelease } from './earlier-release';
import { moveFeatureRevisions } from './move-feature-revisions';

/**
 * Makes sure that the data directory can be written, and gives it the layout of this release if it
 * has an earlier one. Whoever is about to write in it calls this; readers look in both places and
 * need not call.
 *
 * @throws ChurnError EARLIER_RELEASE_RUNNING, REVISIONS_DIFFER, STORAGE_UNAVAILABLE
 */
export async function openForWriting({ dataDir }: Pick<Config, 'dataDir'>): Promise<void> {
  const paths = dataPaths(dataDir);
  await requireWritable(paths.scratch);
  if (isUpToDate(paths)) return;
  await withStackLock({ runDir: paths.run }, () => bringUpToDate(paths, readStackState(paths.run)));
}

export function isUpToDate(paths: DataPaths): boolean {
  return !existsSync(paths.formerFeatureRevisions);
}

/** For whoever holds the stack's lock. @throws as `openForWriting` */
export async function bringUpToDate(paths: DataPaths, state: StackState): Promise<void> {
  if (isUpToDate(paths)) return;
  requireNoEarlierRelease(paths, state);
  await moveFeatureRevisions(paths);
}
