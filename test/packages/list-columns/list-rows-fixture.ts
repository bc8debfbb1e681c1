import fc from 'fast-check';
import type { ListRows } from '../../../packages/list-columns/list-rows';

/** Rows of one or more columns of lists, some of them empty. */
export const anyRows = fc.integer({ min: 1, max: 3 }).chain((columns) => {
  const list = fc.array(fc.double({ noNaN: true }), { maxLength: 4 });
  const row = fc.array(list, { minLength: columns, maxLength: columns });
  return fc.record({ columns: fc.constant(columns), rows: fc.array(row, { maxLength: 9 }) });
});

/** Per row, per column. */
export function listRows(rows: readonly (readonly number[][])[], columns: number): ListRows {
  const lists = Array.from({ length: columns }, (_, column) => {
    const ofColumn = rows.map((row) => row[column]!);
    const offsets = new Int32Array(rows.length + 1);
    for (const [row, list] of ofColumn.entries()) offsets[row + 1] = offsets[row]! + list.length;
    return { offsets, values: Float64Array.from(ofColumn.flat()) };
  });
  return { rows: rows.length, lists };
}

export function asLists({ rows, lists }: ListRows): number[][][] {
  return Array.from({ length: rows }, (_, row) =>
    lists.map(({ offsets, values }) => [...values.subarray(offsets[row], offsets[row + 1])]),
  );
}
