import type { DuckDBConnection, DuckDBMaterializedResult } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import type { ListColumn, ListRows } from '../list-columns';
import { interruptible } from './interruptible';

/**
 * The rows of a query all of whose columns are lists of doubles without NULL, chunk by chunk. The
 * values of a chunk lie in DuckDB's memory: they may be read until the next chunk is asked for.
 */
export async function* readLists(
  connection: DuckDBConnection,
  { sql, signal }: { sql: string; signal?: AbortSignal },
): AsyncGenerator<ListRows> {
  const result = await interruptible(connection, () => connection.run(sql), signal);
  for (let index = 0; index < result.chunkCount; index += 1) {
    signal?.throwIfAborted();
    const chunk = result.getChunk(index);
    yield { rows: chunk.rowCount, lists: listsOf(chunk) };
    // Views of a chunk's memory do not keep it: it must not be forgotten before they are.
    keepAlive(chunk);
  }
}

function keepAlive(_chunk: ListChunk): void {}

type ListChunk = ReturnType<DuckDBMaterializedResult['getChunk']>;

function listsOf(chunk: ListChunk): ListColumn[] {
  return Array.from({ length: chunk.columnCount }, (_, column) => listColumn(chunk, column));
}

function listColumn({ chunk, rowCount }: ListChunk, column: number): ListColumn {
  const vector = bindings.data_chunk_get_vector(chunk, column);
  const count = bindings.list_vector_get_size(vector);
  const elements = bindings.list_vector_get_child(vector);
  const bytes = bindings.vector_get_data(elements, count * Float64Array.BYTES_PER_ELEMENT);
  const entries = bindings.vector_get_data(vector, rowCount * ENTRY_BYTES);
  return {
    offsets: offsetsFrom(entries, rowCount),
    values: new Float64Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, count),
  };
}

/** An offset and a length, of 64 bits each; the lower halves say all. */
const ENTRY_BYTES = 16;

function offsetsFrom({ buffer, byteOffset }: Uint8Array, rows: number): Int32Array {
  const words = new Int32Array(buffer as ArrayBuffer, byteOffset, rows * 4);
  const offsets = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row += 1) {
    if (words[row * 4] !== offsets[row]) throw new Error('lists do not follow each other');
    offsets[row + 1] = offsets[row]! + words[row * 4 + 2]!;
  }
  return offsets;
}
