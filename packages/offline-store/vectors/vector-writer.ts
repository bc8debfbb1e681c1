import { createHash, hash as hashAtOnce } from 'node:crypto';
import { copyToParquet, registerColumnSource, type ColumnArray, type DuckDb } from '../../duckdb';
import {
  columnTypesOf,
  LABEL_UNKNOWN,
  valueFromColumn,
  type ComputedVectors,
  type FeatureSet,
  type MomentVectors,
} from '../../features';
import type { EpochMicros } from '../../instants';

/** Writes the vectors of a moment to a Parquet file, one file at a time. */
export interface VectorWriter {
  write(vectors: MomentVectors, at: EpochMicros, file: string, signal?: AbortSignal): Promise<void>;
}

/** What a file is made from, and the columns that it has: all, or those of before the state. */
export type FileColumns = Pick<FeatureSet, 'features' | 'label' | 'state' | 'columns'>;

/** The columns of a file that was made before there was a state. */
export function withoutState(featureSet: FeatureSet): FileColumns {
  const { state, columns } = featureSet;
  return { ...featureSet, columns: columns.filter(({ name }) => name !== state.name) };
}

/** Without those of the key, which the vectors have no arrays of. */
function valueColumns(columns: FeatureSet['columns']): FeatureSet['columns'] {
  return columns.slice(2);
}

/** In the order of the columns of a file; one of before the state lacks the last. */
function arraysOf({ features, label, state }: MomentVectors): ColumnArray[] {
  return [...features, label, state];
}

/** A writer that has a DuckDB to itself: one with one thread, since encoding a file uses no more. */
export async function createVectorWriter(
  duckDb: DuckDb,
  options: { columns: FileColumns; users: ComputedVectors['users'] },
): Promise<VectorWriter> {
  const { features, label, state, columns: written } = options.columns;
  await createMembers(duckDb, options.users);
  const source = registerColumnSource(duckDb.connection, 'moment_rows', {
    ...columnTypesOf(features),
    [label.name]: 'UTINYINT',
    [state.name]: 'UTINYINT',
  });
  const sqlOf = new Map([
    ...features.map((feature) => [feature.name, valueFromColumn(feature)] as const),
    [label.name, `nullif(${label.name}, ${LABEL_UNKNOWN})::BOOLEAN`],
    [state.name, `${state.name}::BOOLEAN`],
  ]);
  const values = valueColumns(written).map(({ name }) => `${sqlOf.get(name)} AS ${name}`);
  return {
    write: async (vectors, at, file, signal) => {
      const { index, rows } = vectors;
      source.set(arraysOf(vectors), rows);
      // The rows of a moment are those of the users it sees, in the order of their ids.
      const query = `SELECT user_id, make_timestamptz(${at}) AS feature_time, ${values.join(', ')}
        FROM (SELECT user_id FROM members WHERE since <= ${index}) POSITIONAL JOIN ${source.relation}`;
      await duckDb.run(copyToParquet(query, file), signal);
    },
  };
}

/** `members(user_id, since)`, in order: ids handed over once are ids that no file waits for. */
async function createMembers(duckDb: DuckDb, users: ComputedVectors['users']): Promise<void> {
  const { ids, since } = users;
  const source = registerColumnSource(duckDb.connection, 'member_rows', {
    user_id: { dictionary: ids },
    since: 'INTEGER',
  });
  source.set([Int32Array.from(ids.keys()), since], ids.length);
  await duckDb.run(
    `CREATE TEMP TABLE members AS SELECT user_id::VARCHAR AS user_id, since FROM ${source.relation}`,
  );
}

/**
 * Hashes the vectors of a moment: SHA-256 over the columns' names, types and values in file order.
 * It depends on the values alone, not on how a writer encodes them, nor on which other users or
 * moments were computed with them.
 */
export function createContentHasher({ columns }: FileColumns, computed: ComputedVectors) {
  const digests = digestIds(computed.users.ids);
  const gathered = new Int32Array(digests.length);
  const header = JSON.stringify(columns.map(({ name, type }) => [name, type]));
  return (vectors: MomentVectors, at: EpochMicros): string => {
    const { users, rows } = vectors;
    const hash = createHash('sha256').update(`${header}\n${at}\n${rows}\n`);
    gather(digests, users, gathered);
    hash.update(bytesOf(gathered.subarray(0, users.length * 4)));
    const arrays = arraysOf(vectors).slice(0, valueColumns(columns).length);
    for (const array of arrays) hash.update(bytesOf(array));
    return hash.digest('hex');
  };
}

/** The first 16 bytes of each id's SHA-256, as four 4-byte values. */
function digestIds(ids: readonly string[]): Int32Array {
  const digests = new Uint8Array(ids.length * 16);
  for (const [index, id] of ids.entries()) {
    digests.set(hashAtOnce('sha256', id, 'buffer').subarray(0, 16), index * 16);
  }
  return new Int32Array(digests.buffer);
}

function gather(digests: Int32Array, users: Int32Array, into: Int32Array): void {
  for (let row = 0; row < users.length; row += 1) {
    const from = users[row]! * 4;
    const to = row * 4;
    into[to] = digests[from]!;
    into[to + 1] = digests[from + 1]!;
    into[to + 2] = digests[from + 2]!;
    into[to + 3] = digests[from + 3]!;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ColumnArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
