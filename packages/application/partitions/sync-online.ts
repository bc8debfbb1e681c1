import type { Progress, SyncSummary } from '../../contracts';
import { formatInstant } from '../../instants';
import { syncOnlineFeatures, type SyncReport } from '../../online-store';
import type { Installation } from '../../raw-data';
import { requireSameInstallation, type Adapters } from '../open/open-adapters';
import { newestPartition } from './partition-services';

/** The step `sync_online_features`. */
export async function syncOnline(adapters: Adapters, progress: Progress): Promise<SyncSummary> {
  const report = await syncNewestPartition(adapters, progress);
  if (!report) return { date: null, written: 0, unchanged: 0, removed: 0 };
  const { date, written, unchanged, removed } = report;
  return { date, written, unchanged, removed };
}

/** Brings the newest published partition online; null when none is published yet. */
export async function syncNewestPartition(
  adapters: Adapters,
  progress: Progress,
): Promise<(SyncReport & { date: string }) | null> {
  const installation = await requireSameInstallation(adapters);
  const partition = await newestPartition(adapters);
  if (!partition) return null;
  const report = await syncOnlineFeatures({
    ...onlineWrite(adapters, installation, progress),
    partition,
  });
  return { ...report, date: partition.manifest.date };
}

/** What a sync and a repair are given alike: where they write, as whom, and how they tell how far they are. */
export function onlineWrite(
  adapters: Adapters,
  installation: Pick<Installation, 'id'>,
  progress: Progress,
) {
  return {
    redis: adapters.redis,
    openDuckDb: () => adapters.openDuckDb(),
    stateName: adapters.featureSet.state.name,
    installationId: installation.id,
    publishedAt: formatInstant(adapters.now()),
    signal: progress.signal,
    onProgress: ({ users, total }: { users: number; total: number }) =>
      progress.report({ what: 'online features', done: users, total }),
  };
}
