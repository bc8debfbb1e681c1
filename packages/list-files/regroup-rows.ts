import type { ListColumn, ListRows } from './list-rows';

/**
 * The same rows in groups of so many each, the last one smaller. What comes in is copied before the
 * next is asked for.
 */
export async function* regroupRows(
  chunks: AsyncIterable<ListRows>,
  rowsPerGroup: number,
): AsyncGenerator<ListRows> {
  let pieces: ListRows[] = [];
  let rows = 0;
  for await (const chunk of chunks) {
    let from = 0;
    while (from < chunk.rows) {
      const until = Math.min(chunk.rows, from + rowsPerGroup - rows);
      pieces.push(copyOf(chunk, from, until));
      rows += until - from;
      from = until;
      if (rows < rowsPerGroup) continue;
      yield joined(pieces, rows);
      pieces = [];
      rows = 0;
    }
  }
  if (rows > 0) yield joined(pieces, rows);
}

function copyOf({ lists }: ListRows, from: number, until: number): ListRows {
  const copyOfColumn = ({ offsets, values }: ListColumn): ListColumn => {
    const first = offsets[from]!;
    return {
      offsets: offsets.slice(from, until + 1).map((offset) => offset - first),
      values: values.slice(first, offsets[until]),
    };
  };
  return { rows: until - from, lists: lists.map(copyOfColumn) };
}

function joined(pieces: readonly ListRows[], rows: number): ListRows {
  const columns = pieces[0]!.lists.keys();
  const lists = Array.from(columns, (column) =>
    joinedColumn(
      pieces.map((piece) => piece.lists[column]!),
      rows,
    ),
  );
  return { rows, lists };
}

function joinedColumn(pieces: readonly ListColumn[], rows: number): ListColumn {
  const count = pieces.reduce((sum, { values }) => sum + values.length, 0);
  const all = { offsets: new Int32Array(rows + 1), values: new Float64Array(count) };
  let row = 0;
  let next = 0;
  for (const { offsets, values } of pieces) {
    all.values.set(values, next);
    for (const offset of offsets.subarray(1)) {
      row += 1;
      all.offsets[row] = next + offset;
    }
    next += values.length;
  }
  return all;
}
