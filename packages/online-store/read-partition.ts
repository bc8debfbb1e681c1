import { ChurnError, type PublishedPartition } from '../contracts';
import { quoteIdentifier, readParquet, type DuckDb } from '../duckdb';
import { sha256OfFile } from '../durable-files';

/** Some rows of a partition, by column; at most 2,048 of them. */
export interface PartitionChunk {
  readonly userIds: readonly string[];
  /** Shape (features, rows), features in the order of the file; last the state, where there is one. */
  readonly values: readonly (readonly (number | boolean | null)[])[];
}

export interface OpenPartition {
  readonly featureNames: readonly string[];
  /** Whether the partition says of each user whether the user is in the state. */
  readonly hasState: boolean;
  /** The rows in the order of the file; can be read once. */
  chunks(): AsyncGenerator<PartitionChunk>;
}

const featureTypes = new Set(['DOUBLE', 'INTEGER', 'BOOLEAN']);

/**
 * Opens a partition for reading by chunks. Its features are its own columns (not today's
 * definitions): all but user_id, feature_time, the label, whose name starts with `label_`, and the
 * state, which those of before the state was defined do not have.
 *
 * @throws ChurnError CORRUPT_PARTITION when the file is not the one its manifest describes: its
 *   checksum, a column's type, whether there is a state, or (at the end of reading) its number of
 *   rows differ.
 */
export async function openPartition(
  duckDb: DuckDb,
  partition: PublishedPartition,
  stateName: string,
): Promise<OpenPartition> {
  await assertChecksum(partition);
  const table = readParquet([partition.path]);
  const columns = await duckDb.rows<{ column_name: string; column_type: string }>(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${table})`,
  );
  const state = columns.filter(({ column_name: name }) => name === stateName);
  const hasState = partition.manifest.definition_hashes[stateName] !== undefined;
  const isState = state.length === 1 && state[0]?.column_type === 'BOOLEAN';
  if (hasState ? !isState : state.length > 0) throw corrupt(partition);
  const features = columns.filter(({ column_name: name }) => isFeature(name) && name !== stateName);
  if (features.length === 0 || features.some((column) => !featureTypes.has(column.column_type))) {
    throw corrupt(partition);
  }
  const featureNames = features.map((column) => column.column_name);
  const names = ['user_id', ...featureNames, ...(hasState ? [stateName] : [])];
  const selected = names.map(quoteIdentifier).join(', ');
  return {
    featureNames,
    hasState,
    chunks: () => readChunks(duckDb, `SELECT ${selected} FROM ${table}`, partition),
  };
}

function isFeature(name: string): boolean {
  return name !== 'user_id' && name !== 'feature_time' && !name.startsWith('label_');
}

async function* readChunks(
  duckDb: DuckDb,
  query: string,
  partition: PublishedPartition,
): AsyncGenerator<PartitionChunk> {
  const result = await duckDb.connection.run(query);
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    const [userIds, ...values] = chunk.getColumns() as [string[], ...(number | boolean)[][]];
    rows += chunk.rowCount;
    yield { userIds, values };
  }
  if (rows !== partition.manifest.rows) throw corrupt(partition);
}

async function assertChecksum(partition: PublishedPartition): Promise<void> {
  const found = await sha256OfFile(partition.path).catch((error: unknown) => {
    throw new ChurnError('CORRUPT_PARTITION', { path: partition.path }, { cause: error });
  });
  if (found !== partition.manifest.sha256) throw corrupt(partition);
}

function corrupt(partition: PublishedPartition): ChurnError {
  return new ChurnError('CORRUPT_PARTITION', { path: partition.path });
}
