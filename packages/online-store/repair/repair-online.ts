import type { Redis } from 'ioredis';
import {
  ChurnError,
  isChurnError,
  type InstantText,
  type OnlineMeta,
  type PublishedPartition,
} from '../../contracts';
import type { DuckDb } from '../../duckdb';
import { metaText, writeOrderOf, type WriteOrder } from '../forward-only-scripts';
import { claimInstallation } from '../installation-id';
import { onlineKeys, userIdOfKey } from '../online-keys';
import { decodeMeta, readKeys } from '../online-state';
import { openPartition } from '../read-partition';
import { fromRedis } from '../redis-errors';
import { mayHoldOthers, scanVectorKeys } from '../scan-vector-keys';
import { metaOf, refuseLost } from '../sync-online-features';
import { forEachBatch, type VectorBatch } from '../vector-batches';
import {
  removeKeys,
  setKey,
  takeOverTarget,
  writeExactly,
  type RepairCounts,
} from './exact-scripts';

export interface RepairOnlineOptions {
  readonly redis: Redis;
  readonly openDuckDb: () => Promise<DuckDb>;
  /** The newest published partition, as the ledger has it when this is called. */
  readonly newestPartition: () => Promise<PublishedPartition>;
  /** The partition's column that says whether a user is subscribed. */
  readonly stateName: string;
  readonly installationId: string;
  readonly publishedAt: InstantText;
  readonly onProgress?: (progress: { readonly users: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

/** What a repair found and mended, by what was wrong. */
export interface OnlineRepair extends RepairCounts {
  readonly date: string;
  readonly revision: number;
  /** Users of the partition, each of whom has its vector now. */
  readonly users: number;
  /** Keys of vectors that no user of the partition has. */
  readonly removed: number;
  /** Keys of the bookkeeping that were missing, damaged or from the future. */
  readonly bookkeeping: readonly string[];
}

/** A sync that begins meanwhile writes a later partition: the repair then starts again with that one. */
const ATTEMPTS = 3;

/**
 * Makes the online store hold exactly the newest published partition: unlike a sync it also
 * replaces what is of a later order or of another type, and the bookkeeping. A second repair
 * changes no key. Requests are answered meanwhile; a user whose vector is damaged gets an error
 * until it is mended.
 *
 * @throws ChurnError INSTALLATION_MISMATCH before anything is written, CORRUPT_PARTITION,
 *   CORRUPT_ONLINE_KEY where the key that says whose Redis this is can't be trusted, LOCK_HELD
 *   where syncs keep overtaking it, REDIS_UNAVAILABLE, REDIS_REFUSES_WRITES, REDIS_REFUSES_COMMANDS, REDIS_CLUSTER; the
 *   signal's reason when aborted.
 */
export async function repairOnline(options: RepairOnlineOptions): Promise<OnlineRepair> {
  const owner = await ownInstallation(options);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    // First the target, then the ledger: a target that the ledger does not know is none of a sync.
    const [target] = await readKeys(options.redis, [onlineKeys.target]);
    const partition = await options.newestPartition();
    const seen = typeof target === 'string' ? target : null;
    const order = writeOrderOf(partition);
    if (!(await takeOverTarget(options.redis, seen, order))) continue;
    const hasTarget = seen !== null && isTargetOf(seen, order);
    const bookkeeping = [...owner, ...(hasTarget ? [] : [onlineKeys.target])];
    const repair = await repairTo(partition, bookkeeping, options);
    if (repair !== 'ahead') return repair;
  }
  throw new ChurnError('LOCK_HELD', { holder: 'A sync', activity: 'writing to Redis' });
}

/** The key that says whose Redis this is, where it had to be written again. */
async function ownInstallation(options: RepairOnlineOptions): Promise<readonly string[]> {
  const { redis, installationId } = options;
  const [owner, meta] = await readKeys(redis, [onlineKeys.installation, onlineKeys.meta]);
  if (!isChurnError(owner)) {
    await claimInstallation(redis, installationId);
    return owner === null || owner === undefined ? [onlineKeys.installation] : [];
  }
  // Not ours to take unless the other key says so.
  if (typeof meta !== 'string' || decodeMeta(meta).installation_id !== installationId) throw owner;
  await fromRedis(redis.set(onlineKeys.installation, installationId));
  return [onlineKeys.installation];
}

function isTargetOf(text: string, { featureTime, revision }: WriteOrder): boolean {
  return text === JSON.stringify({ feature_time: featureTime, revision });
}

async function repairTo(
  partition: PublishedPartition,
  bookkeeping: readonly string[],
  options: RepairOnlineOptions,
): Promise<OnlineRepair | 'ahead'> {
  const order = writeOrderOf(partition);
  const counts = await repairVectors(partition, options);
  if (counts === 'ahead') return 'ahead';
  const removed = await removeOthers(partition, options);
  if (removed === 'ahead') return 'ahead';
  const isMetaRight = await repairMeta(order, metaOf({ ...options, partition }), options.redis);
  if (isMetaRight === 'ahead') return 'ahead';
  const { date, revision, rows: users } = partition.manifest;
  const keys = isMetaRight ? bookkeeping : [...bookkeeping, onlineKeys.meta];
  return { date, revision, users, ...counts, removed, bookkeeping: keys };
}

async function repairVectors(
  partition: PublishedPartition,
  { redis, openDuckDb, stateName, onProgress, signal }: RepairOnlineOptions,
): Promise<RepairCounts | 'ahead'> {
  const order = writeOrderOf(partition);
  const total = partition.manifest.rows;
  const sum = {
    unchanged: 0,
    missing: 0,
    wrongTyped: 0,
    fromFuture: 0,
    outdated: 0,
    damaged: 0,
  } satisfies RepairCounts;
  const names = Object.keys(sum) as (keyof RepairCounts)[];
  let users = 0;
  const duckDb = await openDuckDb();
  try {
    const source = await openPartition(duckDb, partition, stateName);
    const write = async (batch: VectorBatch) => {
      const counts = refuseLost(await writeExactly(redis, order, batch));
      if (counts === 'ahead') return 'ahead';
      for (const name of names) sum[name] += counts[name];
      users += batch.keys.length;
      onProgress?.({ users, total });
      return 'done';
    };
    const verdict = await forEachBatch({ partition, source, stateName, signal }, write);
    return verdict === 'ahead' ? 'ahead' : sum;
  } finally {
    duckDb.close();
  }
}

/** Every user of the partition has a key by now; only the sizes tell whether there are others. */
async function removeOthers(
  partition: PublishedPartition,
  { redis, openDuckDb, stateName, signal }: RepairOnlineOptions,
): Promise<number | 'ahead'> {
  if (!(await mayHoldOthers(redis, partition.manifest.rows))) return 0;
  const known = new Set<string>();
  const duckDb = await openDuckDb();
  try {
    const source = await openPartition(duckDb, partition, stateName);
    for await (const chunk of source.chunks()) chunk.userIds.forEach((id) => known.add(id));
  } finally {
    duckDb.close();
  }
  const order = writeOrderOf(partition);
  let removed = 0;
  for await (const keys of scanVectorKeys(redis)) {
    signal?.throwIfAborted();
    const others = keys.filter((key) => !known.has(userIdOfKey(key)));
    if (others.length === 0) continue;
    const count = refuseLost(await removeKeys(redis, order, others));
    if (count === 'ahead') return 'ahead';
    removed += count;
  }
  return removed;
}

/** Whether it was right already, whenever it was published. */
async function repairMeta(
  order: WriteOrder,
  meta: OnlineMeta,
  redis: Redis,
): Promise<boolean | 'ahead'> {
  const [stored] = await readKeys(redis, [onlineKeys.meta]);
  if (typeof stored === 'string' && isSameMeta(stored, meta)) return true;
  const value = metaText(meta);
  const reply = refuseLost(await setKey(redis, order, { key: onlineKeys.meta, value }));
  return reply === 'done' ? false : 'ahead';
}

function isSameMeta(stored: string, meta: OnlineMeta): boolean {
  try {
    const { published_at } = decodeMeta(stored);
    return stored === metaText({ ...meta, published_at });
  } catch {
    return false;
  }
}
