import { ChurnError, type OnlineVector, type PublishedPartition } from '../contracts';
import type { PartitionChunk } from './read-partition';
import { hashCanonicalText } from './vector-hash';

/** The value at a user's key, and the hash in it. */
export interface EncodedVector {
  readonly userId: string;
  /** An OnlineVector as JSON. */
  readonly value: string;
  readonly hash: string;
}

/**
 * Makes the function that turns one row of a partition into its online value.
 *
 * `feature_time` and `revision` come first: the compare-and-set script finds them there without
 * parsing the JSON. Equal rows of equal partitions give equal bytes.
 *
 * @throws ChurnError CORRUPT_PARTITION for a feature that is null or not finite.
 */
export function createVectorEncoder(
  partition: PublishedPartition,
  featureNames: readonly string[],
): (chunk: PartitionChunk, row: number) => EncodedVector {
  const head = headOf(partition);
  const tail = `,"schema_hash":${JSON.stringify(partition.manifest.schema_hash)},"vector_hash":"`;
  const inOrder = featureNames.map((name, index) => ({ name, index }));
  const sorted = [...inOrder].sort((a, b) => (a.name < b.name ? -1 : 1));
  const featuresText = createObjectWriter(inOrder);
  const canonicalText = createObjectWriter(sorted);
  return (chunk, row) => {
    assertUsable(chunk, row, partition);
    const userId = chunk.userIds[row]!;
    const hash = hashCanonicalText(canonicalText(chunk, row));
    const features = featuresText(chunk, row);
    return {
      userId,
      hash,
      value: `${head}${JSON.stringify(userId)},"features":${features}${tail}${hash}"}`,
    };
  };
}

function headOf({ manifest }: PublishedPartition): string {
  const head: Pick<OnlineVector, 'feature_time' | 'revision' | 'known_at'> = {
    feature_time: manifest.feature_time,
    revision: manifest.revision,
    known_at: manifest.known_at,
  };
  return `${JSON.stringify(head).slice(0, -1)},"user_id":`;
}

/** Writes `{"name":value,…}`. A template prints numbers as JSON does: −0 as 0. */
function createObjectWriter(columns: readonly { name: string; index: number }[]) {
  const parts = columns.map(({ name, index }, place) => ({
    before: `${place === 0 ? '' : ','}${JSON.stringify(name)}:`,
    index,
  }));
  return (chunk: PartitionChunk, row: number): string => {
    let text = '{';
    for (const { before, index } of parts) text += `${before}${chunk.features[index]![row]}`;
    return `${text}}`;
  };
}

function assertUsable(chunk: PartitionChunk, row: number, { path }: PublishedPartition): void {
  for (const column of chunk.features) {
    const value = column[row];
    if (typeof value !== 'boolean' && !Number.isFinite(value)) {
      throw new ChurnError('CORRUPT_PARTITION', { path });
    }
  }
}
