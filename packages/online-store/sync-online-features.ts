import { createBoundedTasks } from '../bounded-tasks';
import type { Redis } from 'ioredis';
import {
  ChurnError,
  type InstantText,
  type OnlineMeta,
  type PublishedPartition,
} from '../contracts';
import type { DuckDb } from '../duckdb';
import { stateHashOf } from './encode-vectors';
import {
  announceTarget,
  publishMeta,
  removeOlder,
  writeForward,
  writeOrderOf,
} from './forward-only-scripts';
import { claimInstallation } from './installation-id';
import { openPartition, type OpenPartition } from './read-partition';
import { fromRedis, wrongType } from './redis-errors';
import { mayHoldOthers, scanVectorKeys } from './scan-vector-keys';
import { BATCH_USERS, BATCHES_IN_FLIGHT, forEachBatch } from './vector-batches';

export interface SyncOptions {
  readonly redis: Redis;
  readonly openDuckDb: () => Promise<DuckDb>;
  /** Its path should be one that is never replaced (the revision's own file). */
  readonly partition: PublishedPartition;
  /** The partition's column that says whether a user is subscribed. */
  readonly stateName: string;
  readonly installationId: string;
  readonly publishedAt: InstantText;
  readonly onProgress?: (progress: { readonly users: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

export interface SyncReport {
  /** Users in the partition: written + unchanged + refused. */
  readonly users: number;
  readonly written: number;
  /** The same bytes were there. */
  readonly unchanged: number;
  /** A later vector was there. */
  readonly refused: number;
  /** Users gone from the partition. */
  readonly removed: number;
  readonly featureTime: InstantText;
  readonly revision: number;
}

/**
 * Brings the online store forward to a partition; a replay changes no key, an earlier partition
 * changes nothing.
 *
 * The partition is announced first: from then on an earlier sync, even one under way, is refused
 * as a whole, so it can't bring back a removed user. Vectors are then set where they are absent,
 * damaged or earlier by (feature_time, revision), users left behind are removed, and the meta key
 * flips last. Killed at any point, the next run finishes the work.
 *
 * @throws ChurnError INSTALLATION_MISMATCH before anything is written, CORRUPT_PARTITION,
 *   REDIS_UNAVAILABLE, REDIS_REFUSES_WRITES, REDIS_REFUSES_COMMANDS, REDIS_CLUSTER; the signal's reason when aborted;
 *   CORRUPT_ONLINE_KEY of a key of the bookkeeping at once, of a user's when all others are synced
 *   and published.
 */
export async function syncOnlineFeatures(options: SyncOptions): Promise<SyncReport> {
  const { redis, partition, stateName, installationId } = options;
  await claimInstallation(redis, installationId);
  const tally: Tally = { written: 0, unchanged: 0, removed: 0, damaged: new Set() };
  const finish = () => report(partition, tally);

  const order = writeOrderOf(partition);
  const duckDb = await options.openDuckDb();
  try {
    const source = await openPartition(duckDb, partition, stateName);
    if ((await announceTarget(redis, order)) === 'ahead') return finish();
    if ((await writeVectors(options, source, tally)) === 'ahead') return finish();
  } finally {
    duckDb.close();
  }
  if ((await removeLeftBehind(options, tally)) === 'ahead') return finish();
  refuseLost(await publishMeta(redis, order, metaOf(options)));
  await refuseDamaged(redis, tally.damaged);
  return finish();
}

interface Tally {
  written: number;
  unchanged: number;
  removed: number;
  /** Keys that hold something else than a text. */
  readonly damaged: Set<string>;
}

function report(
  { manifest }: PublishedPartition,
  { written, unchanged, removed }: Tally,
): SyncReport {
  return {
    users: manifest.rows,
    written,
    unchanged,
    refused: manifest.rows - written - unchanged,
    removed,
    featureTime: manifest.feature_time,
    revision: manifest.revision,
  };
}

async function writeVectors(
  { redis, partition, stateName, onProgress, signal }: SyncOptions,
  source: OpenPartition,
  tally: Tally,
): Promise<'done' | 'ahead'> {
  const order = writeOrderOf(partition);
  let users = 0;
  return forEachBatch({ partition, source, stateName, signal }, async (batch) => {
    const counts = refuseLost(await writeForward(redis, order, batch));
    if (counts === 'ahead') return 'ahead';
    tally.written += counts.written;
    tally.unchanged += counts.unchanged;
    counts.damaged.forEach((key) => tally.damaged.add(key));
    users += batch.keys.length;
    onProgress?.({ users, total: partition.manifest.rows });
    return 'done';
  });
}

/**
 * Every user of the partition now has a vector of its order or a later one. So whoever still has
 * an earlier one is not in it: no list of users has to be kept or compared.
 */
async function removeLeftBehind(
  { redis, partition, signal }: SyncOptions,
  tally: Tally,
): Promise<'done' | 'ahead'> {
  if (!(await mayHoldOthers(redis, partition.manifest.rows))) return 'done';
  const order = writeOrderOf(partition);
  const tasks = createBoundedTasks(BATCHES_IN_FLIGHT);
  let ahead = false;
  const remove = async (keys: readonly string[]) => {
    const counts = refuseLost(await removeOlder(redis, order, keys));
    if (counts === 'ahead') {
      ahead = true;
      return;
    }
    tally.removed += counts.removed;
    counts.damaged.forEach((key) => tally.damaged.add(key));
  };
  for await (const keys of scanVectorKeys(redis)) {
    for (let start = 0; start < keys.length; start += BATCH_USERS) {
      signal?.throwIfAborted();
      const part = keys.slice(start, start + BATCH_USERS);
      await tasks.add(() => remove(part));
    }
  }
  await tasks.drain();
  return ahead ? 'ahead' : 'done';
}

/** The meta key that a sync of this partition publishes. */
export function metaOf(
  options: Pick<SyncOptions, 'partition' | 'stateName' | 'installationId' | 'publishedAt'>,
): OnlineMeta {
  const { partition, installationId, publishedAt } = options;
  const { manifest } = partition;
  const stateHash = stateHashOf(partition, options.stateName);
  return {
    installation_id: installationId,
    feature_time: manifest.feature_time,
    known_at: manifest.known_at,
    revision: manifest.revision,
    schema_hash: manifest.schema_hash,
    ...(stateHash !== undefined && { state_hash: stateHash }),
    partition_sha256: manifest.sha256,
    users: manifest.rows,
    published_at: publishedAt,
  };
}

/** Of several keys the first is named, and how many there are. */
async function refuseDamaged(redis: Redis, damaged: ReadonlySet<string>): Promise<void> {
  const [key] = [...damaged].sort();
  if (key === undefined) return;
  const error = wrongType(key, await fromRedis(redis.type(key)));
  if (damaged.size === 1) throw error;
  const problem = `${String(error.details.problem)}, as do ${damaged.size - 1} others`;
  throw new ChurnError(error.code, { ...error.details, problem });
}

/** Redis lost data while we wrote: some of what we wrote is gone, only a new run is whole. */
export function refuseLost<T>(reply: T | 'lost'): T {
  if (reply !== 'lost') return reply;
  const cause = new Error('the online store lost data while it was being written');
  throw new ChurnError('REDIS_UNAVAILABLE', {}, { cause });
}
