import type { DataPaths } from '../../config';
import { ChurnError, onlineInstallationKey } from '../../contracts';
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
 * @throws ChurnError INSTALLATION_MISMATCH, REDIS_UNAVAILABLE
 */
export async function requireOwnRedis(url: string, id: string | undefined): Promise<void> {
  const found = await claimRedis(url, id).catch((error: unknown) => {
    throw new ChurnError('REDIS_UNAVAILABLE', {}, { cause: error });
  });
  if (found === null || found === id) return;
  const details = { store: 'Redis', found, expected: id ?? 'a new one' };
  throw new ChurnError('INSTALLATION_MISMATCH', details);
}

async function claimRedis(url: string, id: string | undefined): Promise<string | null> {
  return withRedisOnce(url, async (redis) => {
    // A Redis that is claimed already need not be writable: predictions only read.
    const found = await redis.get(onlineInstallationKey);
    if (found !== null || id === undefined) return found;
    await redis.setnx(onlineInstallationKey, id);
    return await redis.get(onlineInstallationKey);
  });
}
