import type { ListColumn, ListRows } from './list-rows';

/** How large a group may be; one row may be larger. */
export interface GroupLimits {
  readonly rows: number;
  /** Of all columns together. */
  readonly values: number;
}

/**
 * The same rows in groups as large as may be: the groups do not depend on the chunks. A group is
 * pieces of chunks, which are copied before the next chunk is asked for.
 */
export async function* regroupRows(
  chunks: AsyncIterable<ListRows>,
  limits: GroupLimits,
): AsyncGenerator<readonly ListRows[]> {
  let group: ListRows[] = [];
  let room = limits;
  for await (const chunk of chunks) {
    let from = 0;
    while (from < chunk.rows) {
      const { until, left } = fill(chunk, from, { room, isEmpty: group.length === 0 });
      if (until > from) group.push(copyOf(chunk, from, until));
      from = until;
      room = left;
      if (from === chunk.rows) break;
      yield group;
      group = [];
      room = limits;
    }
  }
  if (group.length > 0) yield group;
}

/** Until where rows fit, and what room they leave; into an empty group the first one always does. */
function fill(
  { rows, lists }: ListRows,
  from: number,
  { room, isEmpty }: { room: GroupLimits; isEmpty: boolean },
): { until: number; left: GroupLimits } {
  let until = from;
  let left = room;
  while (until < rows && left.rows > 0) {
    const values = lists.reduce(
      (sum, { offsets }) => sum + offsets[until + 1]! - offsets[until]!,
      0,
    );
    const isFirst = isEmpty && until === from;
    if (values > left.values && !isFirst) break;
    left = { rows: left.rows - 1, values: left.values - values };
    until += 1;
  }
  return { until, left };
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
