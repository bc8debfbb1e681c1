import {
  DOUBLE,
  DuckDBTableFunction,
  ENUM,
  INTEGER,
  LIST,
  UTINYINT,
  type DuckDBConnection,
  type DuckDBType,
} from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import { interruptible } from './interruptible';

/** The types that move between DuckDB and typed arrays as they are, without a value per call. */
export type ColumnType = 'INTEGER' | 'DOUBLE' | 'UTINYINT';

export type ColumnArray = Int32Array | Float64Array | Uint8Array;

/** A column of texts, of which the arrays hold the numbers: 0 is the first of the dictionary. */
export interface TextColumn {
  readonly dictionary: readonly string[];
}

export const duckDbTypes = { INTEGER, DOUBLE, UTINYINT } as const;

const arrays = {
  INTEGER: Int32Array,
  DOUBLE: Float64Array,
  UTINYINT: Uint8Array,
} as const;

/** An array of a column's type. */
export function allocateColumn(type: ColumnType, rows: number): ColumnArray {
  return new arrays[type](rows);
}

/**
 * Runs a query whose columns have exactly these types and no NULL, to its end, and returns the
 * columns whole. A UBIGINT comes as two 32-bit words, the lower one first. The query is on its way
 * when this returns, even if the event loop does not turn.
 */
export async function readColumns(
  connection: DuckDBConnection,
  query: { sql: string; types: readonly (ColumnType | 'UBIGINT')[]; signal?: AbortSignal },
): Promise<ColumnArray[]> {
  const { sql, types, signal } = query;
  // Not as a stream: each of its chunks would be handed over between threads, which costs more than
  // most of what is done with it.
  const result = await interruptible(connection, () => connection.run(sql), signal);
  // An interrupt that comes before the query has begun is lost.
  signal?.throwIfAborted();
  const all = types.map((type) => allocateWords(type, result.rowCount));
  let next = 0;
  for (let index = 0; index < result.chunkCount; index += 1) {
    const { chunk, rowCount } = result.getChunk(index);
    for (const [column, type] of types.entries()) {
      const words = type === 'UBIGINT' ? 2 * next : next;
      all[column]!.set(viewOf(chunk, column, type, rowCount), words);
    }
    next += rowCount;
  }
  return all;
}

function allocateWords(type: ColumnType | 'UBIGINT', rows: number): ColumnArray {
  return type === 'UBIGINT' ? new Int32Array(2 * rows) : allocateColumn(type, rows);
}

type DataChunk = Parameters<typeof bindings.data_chunk_get_vector>[0];

/** The values of a column of a chunk. */
export function viewOf(
  chunk: DataChunk,
  index: number,
  type: ColumnType | 'UBIGINT',
  rows: number,
): ColumnArray {
  const kind = type === 'UBIGINT' ? Int32Array : arrays[type];
  const elements = type === 'UBIGINT' ? rows * 2 : rows;
  const vector = bindings.data_chunk_get_vector(chunk, index);
  const bytes = bindings.vector_get_data(vector, elements * kind.BYTES_PER_ELEMENT);
  return new kind(bytes.buffer as ArrayBuffer, bytes.byteOffset, elements);
}

/** A table of SQL whose rows are typed arrays of this process. */
export interface ColumnSource {
  /** Its rows, in order, as SQL: `FROM <relation>`. */
  readonly relation: string;
  /** What the next query reads: arrays of the registered columns, each with `rows` values. */
  set(columns: readonly ColumnArray[], rows: number): void;
}

/** Connections to one database share its functions, so that each needs a name of its own. */
let registered = 0;

/**
 * Registers a table function that hands typed arrays over in one call: a row of lists, which SQL
 * unnests. Row by chunk of 2048 it would have to wait for this thread again and again. One query at
 * a time may read it. A column with a dictionary takes an Int32Array.
 */
export function registerColumnSource(
  connection: DuckDBConnection,
  name: string,
  columns: Readonly<Record<string, ColumnType | TextColumn>>,
): ColumnSource {
  const sources = Object.entries(columns).map(([column, type]) => ({
    column,
    ...(typeof type === 'string' ? plainColumn(type) : textColumn(type)),
  }));
  let current: { arrays: readonly TypedArray[]; rows: number } = { arrays: [], rows: 0 };
  let isRead = false;
  registered += 1;
  const functionName = `${name}_${registered}`;
  const source = DuckDBTableFunction.create({
    name: functionName,
    bindFunction: (info) => {
      for (const { column, type } of sources) info.addResultColumn(column, type);
      info.setCardinality(1, true);
    },
    initFunction: (info) => {
      info.setMaxThreads(1);
      isRead = false;
    },
    mainFunction: (_info, output) => {
      output.rowCount = isRead ? 0 : 1;
      if (isRead) return;
      isRead = true;
      for (const [index, values] of current.arrays.entries()) {
        writeList(bindings.data_chunk_get_vector(output.chunk, index), values, current.rows);
      }
    },
  });
  connection.registerTableFunction(source);
  const unnested = sources.map(({ column }) => `unnest(${column}) AS ${column}`).join(', ');
  return {
    // Once the row is there, DuckDB need not wait for this thread to say that there is no other.
    relation: `(SELECT ${unnested} FROM (FROM ${functionName}() LIMIT 1))`,
    set: (columnArrays, rows) => {
      const taken = columnArrays.map((values, index) => sources[index]!.toArray(values));
      current = { arrays: taken, rows };
    },
  };
}

type Vector = Parameters<typeof bindings.list_vector_get_child>[0];

/** Makes the one row of a vector of lists: its offset and length, and the elements. */
function writeList(vector: Vector, values: TypedArray, rows: number): void {
  bindings.list_vector_reserve(vector, rows);
  bindings.list_vector_set_size(vector, rows);
  const entry = new BigUint64Array([0n, BigInt(rows)]);
  bindings.copy_data_to_vector(vector, 0, entry.buffer, 0, entry.byteLength);
  const { buffer, byteOffset, BYTES_PER_ELEMENT } = values;
  const elements = bindings.list_vector_get_child(vector);
  const bytes = rows * BYTES_PER_ELEMENT;
  bindings.copy_data_to_vector(elements, 0, buffer as ArrayBuffer, byteOffset, bytes);
}

type TypedArray = ColumnArray | Uint16Array | Uint32Array;

interface GivenColumn {
  readonly type: DuckDBType;
  readonly toArray: (values: ColumnArray) => TypedArray;
}

function plainColumn(type: ColumnType): GivenColumn {
  return { type: listOf(duckDbTypes[type]), toArray: (values) => values };
}

/** A list type that is made once: the API would make it, dictionary and all, for every query. */
function listOf(type: DuckDBType): DuckDBType {
  const logical = LIST(type).toLogicalType();
  return { toLogicalType: () => logical } as DuckDBType;
}

/** DuckDB's ENUM: numbers as narrow as the dictionary allows. */
function textColumn({ dictionary }: TextColumn): GivenColumn {
  const isNarrow = dictionary.length <= 65_535;
  const narrow = dictionary.length <= 255 ? Uint8Array : isNarrow ? Uint16Array : Uint32Array;
  return {
    type: listOf(ENUM(dictionary.length === 0 ? [''] : dictionary)),
    toArray: (values) => new narrow(values),
  };
}
