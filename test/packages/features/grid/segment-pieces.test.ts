import fc from 'fast-check';
import {
  cutIntoPieces,
  type SegmentPiece,
} from '../../../../packages/features/grid/segment-pieces';

const segmentsOf = (rows: readonly number[]) =>
  rows.map((count, index) => ({ file: `${index}`, rows: count }));

describe('segments cut into pieces', () => {
  const whole = (...files: string[]) => ({ files });
  const part = (file: string, from: number, until: number) => ({
    files: [file],
    rows: { from, until },
  });

  it.each<[string, number[], SegmentPiece[]]>([
    ['none', [], []],
    ['a small one stays whole', [10], [whole('0')]],
    ['small ones share a piece', [4, 6], [whole('0', '1')]],
    ['but no more than fit', [4, 7, 3], [whole('0'), whole('1', '2')]],
    ['an empty one goes along', [10, 0, 10], [whole('0', '1'), whole('2')]],
    ['a large one is cut', [21], [part('0', 0, 10), part('0', 10, 20), part('0', 20, 21)]],
    [
      'a large one between small ones',
      [1, 11, 1],
      [whole('0'), part('1', 0, 10), part('1', 10, 11), whole('2')],
    ],
  ])('%s', (_case, rows, pieces) => {
    expect(cutIntoPieces(segmentsOf(rows), 10)).toEqual(pieces);
  });

  it('are every row once, in order, and never too many at once', () => {
    const law = fc.property(
      fc.array(fc.nat({ max: 30 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 20 }),
      (rows, rowsMax) => {
        const rowsOf = ({ files, rows: range }: SegmentPiece) =>
          files.flatMap((file) => {
            const { from, until } = range ?? { from: 0, until: rows[Number(file)]! };
            return Array.from({ length: until - from }, (_, row) => `${file}:${from + row}`);
          });
        const pieces = cutIntoPieces(segmentsOf(rows), rowsMax).map(rowsOf);
        const all = rows.flatMap((count, file) =>
          Array.from({ length: count }, (_, row) => `${file}:${row}`),
        );
        expect(pieces.flat()).toEqual(all);
        expect(Math.max(0, ...pieces.map(({ length }) => length))).toBeLessThanOrEqual(rowsMax);
      },
    );
    fc.assert(law);
  });
});
