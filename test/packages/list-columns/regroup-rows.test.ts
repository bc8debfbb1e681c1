import fc from 'fast-check';
import type { ListRows } from '../../../packages/list-columns/list-rows';
import { regroupRows, type GroupLimits } from '../../../packages/list-columns/regroup-rows';
import { anyRows, asLists, listRows } from './list-rows-fixture';

type Row = number[][];

const anyLimits = fc.record({ rows: fc.integer({ min: 1, max: 5 }), values: fc.nat(9) });

describe('regroupRows', () => {
  it('has the same rows in groups as large as may be, however they come', async () => {
    const anyCuts = fc.array(fc.nat(9), { maxLength: 4 });
    const law = fc.asyncProperty(anyRows, anyCuts, anyLimits, async (given, cuts, limits) => {
      const { columns, rows } = given;
      const groups: Row[][] = [];
      for await (const pieces of regroupRows(inChunks(rows, cuts, columns), limits)) {
        groups.push(pieces.flatMap(asLists));
      }
      expect(groups).toEqual(groupsOf(rows, limits));
    });
    await fc.assert(law);
  });
});

/** Row by row: into the last group, or where it is too large for that, into another one. */
function groupsOf(rows: readonly Row[], limits: GroupLimits): Row[][] {
  const groups: Row[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    const together = [...(last ?? []), row];
    const hasRoom = together.length <= limits.rows && together.flat(2).length <= limits.values;
    if (last && hasRoom) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** Chunks whose memory is overwritten once the next one is asked for. */
async function* inChunks(
  rows: readonly Row[],
  cuts: readonly number[],
  columns: number,
): AsyncGenerator<ListRows> {
  const ends = [...cuts.filter((cut) => cut < rows.length), rows.length].sort((a, b) => a - b);
  let from = 0;
  for (const until of ends) {
    const chunk = listRows(rows.slice(from, until), columns);
    yield chunk;
    for (const { offsets, values } of chunk.lists) {
      offsets.fill(-1);
      values.fill(-1);
    }
    from = until;
  }
}
