import { formatInstant } from '../../instants';
import { syncOnlineFeatures, type SyncReport } from '../../online-store';
import { requireSameInstallation, type Adapters } from '../open/open-adapters';
import { newestPartition, type JobProgress } from './partition-services';

/** Brings the newest published partition online; null when none is published yet. */
export async function syncNewestPartition(
  adapters: Adapters,
  progress: JobProgress,
): Promise<(SyncReport & { date: string }) | null> {
  const installation = await requireSameInstallation(adapters);
  const partition = await newestPartition(adapters);
  if (!partition) return null;
  const report = await syncOnlineFeatures({
    redis: adapters.redis,
    openDuckDb: () => adapters.openDuckDb(),
    partition,
    stateName: adapters.featureSet.state.name,
    installationId: installation.id,
    publishedAt: formatInstant(adapters.now()),
    signal: progress.signal,
    onProgress: ({ users, total }) =>
      progress.report({ what: 'online features', done: users, total }),
  });
  return { ...report, date: partition.manifest.date };
}
