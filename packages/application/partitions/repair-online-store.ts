import { ChurnError, type Progress } from '../../contracts';
import { repairOnline, type OnlineRepair } from '../../online-store';
import type { Adapters } from '../open/open-adapters';
import { newestPartition } from './partition-services';
import { onlineWrite } from './sync-online';

/**
 * Makes the online store hold exactly the newest published partition.
 *
 * @throws ChurnError NO_PARTITION while no partition is published; as `repairOnline`.
 */
export async function repairOnlineStore(
  adapters: Adapters,
  progress: Progress,
): Promise<OnlineRepair> {
  const installation = await adapters.installation();
  return repairOnline({
    ...onlineWrite(adapters, installation, progress),
    newestPartition: async () => {
      const partition = await newestPartition(adapters);
      if (!partition) throw new ChurnError('NO_PARTITION');
      return partition;
    },
  });
}
