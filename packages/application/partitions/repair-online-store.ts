import { ChurnError, type Progress } from '../../contracts';
import { formatInstant } from '../../instants';
import { repairOnline, type OnlineRepair } from '../../online-store';
import type { Adapters } from '../open/open-adapters';
import { newestPartition } from './partition-services';

/**
 * Makes the online store hold exactly the newest published partition.
 *
 * @throws ChurnError NO_DATA while no partition is published; as `repairOnline`.
 */
export async function repairOnlineStore(
  adapters: Adapters,
  progress: Progress,
): Promise<OnlineRepair> {
  const installation = await adapters.installation();
  return repairOnline({
    redis: adapters.redis,
    openDuckDb: () => adapters.openDuckDb(),
    newestPartition: async () => {
      const partition = await newestPartition(adapters);
      if (!partition) throw new ChurnError('NO_DATA');
      return partition;
    },
    stateName: adapters.featureSet.state.name,
    installationId: installation.id,
    publishedAt: formatInstant(adapters.now()),
    signal: progress.signal,
    onProgress: ({ users, total }) =>
      progress.report({ what: 'online features', done: users, total }),
  });
}
