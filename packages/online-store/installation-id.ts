import type { Redis } from 'ioredis';
import { ChurnError } from '../contracts';
import { onlineKeys } from './online-keys';
import { fromRedis, fromRedisKeys } from './redis-errors';

/**
 * Makes this Redis the installation's, or confirms that it is. Later calls write nothing.
 *
 * @throws ChurnError INSTALLATION_MISMATCH when it is another installation's.
 */
export async function claimInstallation(redis: Redis, installationId: string): Promise<void> {
  await fromRedis(redis.setnx(onlineKeys.installation, installationId));
  await assertInstallation(redis, installationId);
}

/**
 * Confirms, for readers, that what Redis holds is the installation's; one that nobody claimed is.
 *
 * @throws ChurnError INSTALLATION_MISMATCH when it is another installation's.
 */
export async function assertInstallation(redis: Redis, installationId: string): Promise<void> {
  const key = onlineKeys.installation;
  refuseMismatch(await fromRedisKeys(redis, [key], redis.get(key)), installationId);
}

function refuseMismatch(found: string | null, expected: string): void {
  if (found !== null && found !== expected) {
    throw new ChurnError('INSTALLATION_MISMATCH', { store: 'Redis', found, expected });
  }
}
