import { createBoundedTasks } from '../bounded-tasks';
import type { PublishedPartition } from '../contracts';
import { createVectorEncoder } from './encode-vectors';
import { vectorKey } from './online-keys';
import type { OpenPartition } from './read-partition';

/** One script call blocks Redis for about a millisecond: requests are answered in between. */
export const BATCH_USERS = 512;
export const BATCHES_IN_FLIGHT = 4;

/** Keys of vectors and the values that belong there. */
export interface VectorBatch {
  readonly userIds: readonly string[];
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/**
 * Hands the vectors of a partition to `write`, a few batches at a time, until it says `ahead`.
 *
 * @throws ChurnError CORRUPT_PARTITION; the signal's reason when aborted; whatever `write` throws.
 */
export async function forEachBatch(
  options: {
    readonly partition: PublishedPartition;
    readonly source: OpenPartition;
    readonly stateName: string;
    readonly signal?: AbortSignal | undefined;
  },
  write: (batch: VectorBatch) => Promise<'done' | 'ahead'>,
): Promise<'done' | 'ahead'> {
  const { partition, source, stateName, signal } = options;
  const encode = createVectorEncoder(partition, source, stateName);
  const tasks = createBoundedTasks(BATCHES_IN_FLIGHT);
  let isAhead = false;
  for await (const chunk of source.chunks()) {
    for (let start = 0; start < chunk.userIds.length; start += BATCH_USERS) {
      signal?.throwIfAborted();
      const end = Math.min(start + BATCH_USERS, chunk.userIds.length);
      const vectors = Array.from({ length: end - start }, (_, row) => encode(chunk, start + row));
      const userIds = vectors.map((vector) => vector.userId);
      const values = vectors.map((vector) => vector.value);
      await tasks.add(async () => {
        const verdict = await write({ userIds, keys: userIds.map(vectorKey), values });
        if (verdict === 'ahead') isAhead = true;
      });
    }
    if (isAhead) break;
  }
  await tasks.drain();
  return isAhead ? 'ahead' : 'done';
}
