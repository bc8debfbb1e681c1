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
  refuseMismatch(await readOnlineInstallation(redis), installationId);
}

/** The id of the installation that Redis belongs to; null when nobody has claimed it. */
export async function readOnlineInstallation(redis: Redis): Promise<string | null> {
  const key = onlineKeys.installation;
  return fromRedisKeys(redis, [key], redis.get(key));
}

function refuseMismatch(found: string | null, expected: string): void {
  if (found !== null && found !== expected) {
    throw new ChurnError('INSTALLATION_MISMATCH', { store: 'Redis', found, expected });
  }
}
