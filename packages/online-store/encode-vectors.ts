import {
  ChurnError,
  onlineStateHash,
  type OnlineVector,
  type PublishedPartition,
} from '../contracts';
import type { OpenPartition, PartitionChunk } from './read-partition';
import { hashCanonicalText } from './vector-hash';

/** The name of the state in online values, whatever the partition's column is called. */
const STATE_KEY = 'is_subscribed' satisfies keyof OnlineVector;

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
 * @throws ChurnError CORRUPT_PARTITION for a feature that is null or not finite, or a state that is null.
 */
export function createVectorEncoder(
  partition: PublishedPartition,
  { featureNames, hasState }: Pick<OpenPartition, 'featureNames' | 'hasState'>,
  stateName: string,
): (chunk: PartitionChunk, row: number) => EncodedVector {
  const head = headOf(partition);
  const { schema_hash: schemaHash } = partition.manifest;
  const inOrder = featureNames.map((name, index) => ({ name, index }));
  const stateIndex = featureNames.length;
  const state = hasState ? [{ name: STATE_KEY, index: stateIndex }] : [];
  const sorted = [...inOrder, ...state].sort((a, b) => (a.name < b.name ? -1 : 1));
  const stateTail = hasState
    ? `,"state_hash":${JSON.stringify(stateHashOf(partition, stateName))}`
    : '';
  const tail = `${stateTail},"schema_hash":${JSON.stringify(schemaHash)},"vector_hash":"`;
  const featuresText = createObjectWriter(inOrder);
  const canonicalText = createObjectWriter(sorted);
  return (chunk, row) => {
    assertUsable(chunk, row, partition);
    const userId = chunk.userIds[row]!;
    const hash = hashCanonicalText(canonicalText(chunk, row));
    const features = featuresText(chunk, row);
    const stateText = hasState ? `,"${STATE_KEY}":${chunk.values[stateIndex]![row]}` : '';
    return {
      userId,
      hash,
      value: `${head}${JSON.stringify(userId)},"features":${features}${stateText}${tail}${hash}"}`,
    };
  };
}

/** What online values and their meta carry for a partition's state; undefined where it has none. */
export function stateHashOf(
  { manifest }: PublishedPartition,
  stateName: string,
): string | undefined {
  const hash = manifest.definition_hashes[stateName];
  return hash === undefined ? undefined : onlineStateHash(hash);
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
    for (const { before, index } of parts) text += `${before}${chunk.values[index]![row]}`;
    return `${text}}`;
  };
}

function assertUsable(chunk: PartitionChunk, row: number, { path }: PublishedPartition): void {
  for (const column of chunk.values) {
    const value = column[row];
    if (typeof value !== 'boolean' && !Number.isFinite(value)) {
      throw new ChurnError('CORRUPT_PARTITION', { path });
    }
  }
}
