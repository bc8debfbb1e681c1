import type { DataPaths } from '../../config';
import type { Redis } from 'ioredis';
import { ChurnError } from '../../contracts';
import type { Sql } from '../../database';
import { contentOf, readDirectoryInstallation } from './directory-installation';
import { withRedisOnce } from '../with-redis-once';

/**
 * Makes sure, before anything is written into a database, that it belongs to the data directory: it
 * is of the same installation, or the directory is empty. An empty directory fits any database: the
 * raw log comes back from Postgres, features and models can be computed again.
 *
 * @throws ChurnError INSTALLATION_MISMATCH, EMPTY_DATABASE, POSTGRES_UNAVAILABLE
 */
export async function requireOwnDatabase(paths: DataPaths, sql: Sql): Promise<void> {
  const { readInstallationId } = await import('../../database');
  const found = await readInstallationId(sql);
  if (found === undefined) return requireEmptyDirectory(paths);
  const expected = await readDirectoryInstallation(paths);
  if (expected === undefined || expected === found) return;
  throw new ChurnError('INSTALLATION_MISMATCH', { store: 'Postgres', found, expected });
}

/** @throws ChurnError EMPTY_DATABASE */
export async function requireEmptyDirectory(paths: DataPaths): Promise<void> {
  const content = await contentOf(paths);
  if (content !== undefined) throw new ChurnError('EMPTY_DATABASE', { content });
}

/**
 * Makes this Redis the installation's, or confirms that it is. An empty one is welcome: it may have
 * lost its data, and the next sync fills it. Without an id, of a database in which nothing was loaded
 * yet, nothing is written.
 *
 * @throws ChurnError INSTALLATION_MISMATCH, REDIS_UNAVAILABLE, REDIS_REFUSES_WRITES,
 *   REDIS_REFUSES_COMMANDS, CORRUPT_ONLINE_KEY
 */
export async function requireOwnRedis(url: string, id: string | undefined): Promise<void> {
  const { asRedisError, claimInstallation, readOnlineInstallation } =
    await import('../../online-store');
  const work = async (redis: Redis) => {
    // A Redis that is claimed already need not be writable: predictions only read.
    const found = await readOnlineInstallation(redis);
    if (found === null && id !== undefined) await claimInstallation(redis, id);
    if (found === null || found === id) return;
    const details = { store: 'Redis', found, expected: id ?? 'none' };
    throw new ChurnError('INSTALLATION_MISMATCH', details);
  };
  await withRedisOnce(url, work).catch((error: unknown) => {
    throw asRedisError(error);
  });
}
