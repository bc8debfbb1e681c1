import { createBoundedTasks } from '../bounded-tasks';
import type { Redis } from 'ioredis';
import {
  ChurnError,
  type InstantText,
  type OnlineMeta,
  type PublishedPartition,
} from '../contracts';
import type { DuckDb } from '../duckdb';
import { createVectorEncoder, stateHashOf, type EncodedVector } from './encode-vectors';
import {
  announceTarget,
  publishMeta,
  removeOlder,
  writeForward,
  writeOrderOf,
} from './forward-only-scripts';
import { claimInstallation } from './installation-id';
import { vectorKey } from './online-keys';
import { openPartition } from './read-partition';
import { mayHoldOthers, scanVectorKeys } from './scan-vector-keys';

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
  /** A later vector, or another one of the same order, was there. */
  readonly refused: number;
  /** Users gone from the partition. */
  readonly removed: number;
  readonly featureTime: InstantText;
  readonly revision: number;
}

/** One script call blocks Redis for about a millisecond: requests are answered in between. */
const BATCH_USERS = 512;
const BATCHES_IN_FLIGHT = 4;

/**
 * Brings the online store forward to a partition; a replay changes no key, an earlier partition
 * changes nothing.
 *
 * The partition is announced first: from then on an earlier sync, even one under way, is refused
 * as a whole, so it can't bring back a removed user. Vectors are then set where they are absent or
 * earlier by (feature_time, revision), users left behind are removed, and the meta key flips last.
 * Killed at any point, the next run finishes the work.
 *
 * @throws ChurnError INSTALLATION_MISMATCH before anything is written, CORRUPT_PARTITION,
 *   CORRUPT_ONLINE_KEY, REDIS_UNAVAILABLE, REDIS_REFUSES_WRITES; the signal's reason when aborted.
 */
export async function syncOnlineFeatures(options: SyncOptions): Promise<SyncReport> {
  const { redis, partition, stateName, installationId } = options;
  await claimInstallation(redis, installationId);
  const tally = { written: 0, unchanged: 0, removed: 0 };
  const finish = () => report(partition, tally);

  const order = writeOrderOf(partition);
  const duckDb = await options.openDuckDb();
  try {
    const source = await openPartition(duckDb, partition, stateName);
    if ((await announceTarget(redis, order)) === 'ahead') return finish();
    const encode = createVectorEncoder(partition, source, stateName);
    if ((await writeVectors(options, source.chunks(), encode, tally)) === 'ahead') return finish();
  } finally {
    duckDb.close();
  }
  if ((await removeLeftBehind(options, tally)) === 'ahead') return finish();
  refuseLost(await publishMeta(redis, order, metaOf(options)));
  return finish();
}

function report(
  { manifest }: PublishedPartition,
  tally: { written: number; unchanged: number; removed: number },
): SyncReport {
  return {
    users: manifest.rows,
    ...tally,
    refused: manifest.rows - tally.written - tally.unchanged,
    featureTime: manifest.feature_time,
    revision: manifest.revision,
  };
}

async function writeVectors(
  { redis, partition, onProgress, signal }: SyncOptions,
  chunks: ReturnType<Awaited<ReturnType<typeof openPartition>>['chunks']>,
  encode: ReturnType<typeof createVectorEncoder>,
  tally: { written: number; unchanged: number },
): Promise<'done' | 'ahead'> {
  const order = writeOrderOf(partition);
  const tasks = createBoundedTasks(BATCHES_IN_FLIGHT);
  let users = 0;
  let ahead = false;
  const write = async (batch: readonly EncodedVector[]) => {
    const keys = batch.map((vector) => vectorKey(vector.userId));
    const values = batch.map((vector) => vector.value);
    const counts = refuseLost(await writeForward(redis, order, { keys, values }));
    if (counts === 'ahead') {
      ahead = true;
      return;
    }
    tally.written += counts.written;
    tally.unchanged += counts.unchanged;
    users += batch.length;
    onProgress?.({ users, total: partition.manifest.rows });
  };

  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.userIds.length; start += BATCH_USERS) {
      signal?.throwIfAborted();
      const end = Math.min(start + BATCH_USERS, chunk.userIds.length);
      const batch = Array.from({ length: end - start }, (_, row) => encode(chunk, start + row));
      await tasks.add(() => write(batch));
    }
    if (ahead) break;
  }
  await tasks.drain();
  return ahead ? 'ahead' : 'done';
}

/**
 * Every user of the partition now has a vector of its order or a later one. So whoever still has
 * an earlier one is not in it: no list of users has to be kept or compared.
 */
async function removeLeftBehind(
  { redis, partition, signal }: SyncOptions,
  tally: { removed: number },
): Promise<'done' | 'ahead'> {
  if (!(await mayHoldOthers(redis, partition.manifest.rows))) return 'done';
  const order = writeOrderOf(partition);
  const tasks = createBoundedTasks(BATCHES_IN_FLIGHT);
  let ahead = false;
  const remove = async (keys: readonly string[]) => {
    const removed = refuseLost(await removeOlder(redis, order, keys));
    if (removed === 'ahead') ahead = true;
    else tally.removed += removed;
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

function metaOf(options: SyncOptions): OnlineMeta {
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

/** Redis lost data while we wrote: some of what we wrote is gone, only a new run is whole. */
function refuseLost<T>(reply: T | 'lost'): T {
  if (reply !== 'lost') return reply;
  const cause = new Error('the online store lost data while it was being written');
  throw new ChurnError('REDIS_UNAVAILABLE', {}, { cause });
}
