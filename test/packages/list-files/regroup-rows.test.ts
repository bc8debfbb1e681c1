import fc from 'fast-check';
import { regroupRows, type ListRows } from '../../../packages/list-files';
import { anyRows, asLists, listRows } from './list-rows-fixture';

describe('regroupRows', () => {
  it('has the same rows in the same order, so many in each group but the last', async () => {
    const chunks = fc.array(fc.nat(9), { maxLength: 4 });
    const law = fc.asyncProperty(
      anyRows,
      chunks,
      fc.integer({ min: 1, max: 5 }),
      async (given, cuts, size) => {
        const { columns, rows } = given;
        const groups: number[][][][] = [];
        for await (const group of regroupRows(inChunks(rows, cuts, columns), size)) {
          expect(group.lists).toHaveLength(columns);
          groups.push(asLists(group));
        }
        const full = Math.floor(rows.length / size);
        expect(groups.flat()).toEqual(rows);
        expect(groups.slice(0, full).every((group) => group.length === size)).toBe(true);
        expect(groups).toHaveLength(Math.ceil(rows.length / size));
      },
    );
    await fc.assert(law);
  });
});

/** Chunks whose memory is overwritten once the next one is asked for. */
async function* inChunks(
  rows: readonly number[][][],
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
