import {
  DuckDBScalarFunction,
  INTEGER,
  STRUCT,
  type DuckDBConnection,
  type DuckDBType,
} from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import { duckDbTypes, viewOf, type ColumnArray, type ColumnType } from './column-transfer';

/**
 * Registers a SQL function `name(row INTEGER)` whose value is a struct of what typed arrays hold at
 * that row. All threads of a scan call it, where a table function feeds only one. The rows of a call
 * must follow each other, as those of a table do; the query fails otherwise. Connections to one database
 * share it: it is registered once for all of them.
 *
 * @param columns  Types by name.
 * @param arrays  What is read as long as the connection is open, in the same order.
 */
export function registerColumnFunction(
  connection: DuckDBConnection,
  name: string,
  columns: Readonly<Record<string, ColumnType>>,
  arrays: readonly ColumnArray[],
): void {
  const types = Object.entries(columns).map(
    ([column, type]) => [column, duckDbTypes[type]] as const,
  );
  const columnFunction = new DuckDBScalarFunction();
  columnFunction.setName(name);
  columnFunction.addParameter(INTEGER);
  columnFunction.setReturnType(STRUCT(Object.fromEntries<DuckDBType>(types)));
  // As they are, vectors are written by one copy each.
  bindings.scalar_function_set_function(columnFunction.scalar_function, (_info, input, output) => {
    const count = bindings.data_chunk_get_size(input);
    const first = firstOf(viewOf(input, 0, 'INTEGER', count));
    for (const [index, { buffer, byteOffset, BYTES_PER_ELEMENT: width }] of arrays.entries()) {
      const vector = bindings.struct_vector_get_child(output, index);
      const from = byteOffset + first * width;
      bindings.copy_data_to_vector(vector, 0, buffer as ArrayBuffer, from, count * width);
    }
  });
  connection.registerScalarFunction(columnFunction);
}

function firstOf(rows: ColumnArray): number {
  const [first = 0] = rows;
  const stray = rows.findIndex((row, index) => row !== first + index);
  if (stray >= 0) throw new RangeError(`row ${rows[stray]} does not follow row ${rows[stray - 1]}`);
  return first;
}
