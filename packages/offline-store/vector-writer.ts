import { createHash } from 'node:crypto';
import { copyToParquet, registerColumnSource, type ColumnArray, type DuckDb } from '../duckdb';
import {
  columnTypesOf,
  LABEL_UNKNOWN,
  valueFromColumn,
  type ComputedVectors,
  type FeatureSet,
  type MomentVectors,
} from '../features';
import type { EpochMicros } from '../instants';

/** Writes the vectors of a moment to a Parquet file, one file at a time. */
export interface VectorWriter {
  write(vectors: MomentVectors, at: EpochMicros, file: string, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** A writer that takes over a DuckDB: one with one thread, since encoding a file uses no more. */
export function createVectorWriter(
  duckDb: DuckDb,
  options: { featureSet: FeatureSet; userIds: readonly string[] },
): VectorWriter {
  const { features, label } = options.featureSet;
  const source = registerColumnSource(duckDb.connection, 'moment_rows', {
    user_id: { dictionary: options.userIds },
    ...columnTypesOf(features),
    [label.name]: 'UTINYINT',
  });
  const values = features.map((feature) => `${valueFromColumn(feature)} AS ${feature.name}`);
  return {
    write: async ({ users, features: columns, label: labels, rows }, at, file, signal) => {
      source.set([users, ...columns, labels], rows);
      const query = `SELECT user_id::VARCHAR AS user_id, make_timestamptz(${at}) AS feature_time, ${values.join(', ')},
        nullif(${label.name}, ${LABEL_UNKNOWN})::BOOLEAN AS ${label.name}
        FROM ${source.relation}`;
      await duckDb.run(copyToParquet(query, file), signal);
    },
    close: () => duckDb.close(),
  };
}

/**
 * Hashes the vectors of a moment: SHA-256 over the columns' names, types and values in file order.
 * It depends on the values alone, not on how a writer encodes them, nor on which other users or
 * moments were computed with them.
 */
export function createContentHasher(featureSet: FeatureSet, { userIds }: ComputedVectors) {
  const digests = digestIds(userIds);
  const header = JSON.stringify(featureSet.columns.map(({ name, type }) => [name, type]));
  return ({ users, features, label, rows }: MomentVectors, at: EpochMicros): string => {
    const hash = createHash('sha256').update(`${header}\n${at}\n${rows}\n`);
    hash.update(bytesOf(gather(digests, users)));
    for (const column of [...features, label]) hash.update(bytesOf(column));
    return hash.digest('hex');
  };
}

/** The first 16 bytes of each id's SHA-256, as four 4-byte values. */
function digestIds(ids: readonly string[]): Int32Array {
  const digests = new Uint8Array(ids.length * 16);
  for (const [index, id] of ids.entries()) {
    digests.set(createHash('sha256').update(id).digest().subarray(0, 16), index * 16);
  }
  return new Int32Array(digests.buffer);
}

function gather(digests: Int32Array, users: Int32Array): Int32Array {
  const gathered = new Int32Array(users.length * 4);
  for (let row = 0; row < users.length; row += 1) {
    const from = users[row]! * 4;
    const to = row * 4;
    gathered[to] = digests[from]!;
    gathered[to + 1] = digests[from + 1]!;
    gathered[to + 2] = digests[from + 2]!;
    gathered[to + 3] = digests[from + 3]!;
  }
  return gathered;
}

function bytesOf({ buffer, byteOffset, byteLength }: ColumnArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
