import fc from 'fast-check';
import {
  binCounts,
  referenceDistribution,
} from '../../../../packages/modeling/evaluation/reference-distribution';

describe('a reference distribution', () => {
  it('has decile edges over the values that are not 0, and bins for null and 0', () => {
    const values = Float64Array.from([0, 0, 0, ...Array.from({ length: 100 }, (_, i) => i + 1)]);
    const reference = referenceDistribution('x', values);
    expect(reference.edges).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(reference.counts).toEqual([0, 3, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
    expect(reference.rows).toBe(103);
  });

  it('merges edges that ties make equal, and has none at the maximum', () => {
    const values = Float64Array.from([0, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3]);
    const reference = referenceDistribution('x', values);
    expect(reference.edges).toEqual([1, 2]);
    expect(reference.counts).toEqual([0, 1, 7, 1, 2]);
  });

  it('of a yes-or-no column has one bin for each', () => {
    const reference = referenceDistribution('is_pro_plan', Float64Array.of(0, 1, 1, 0, 1));
    expect(reference.edges).toEqual([]);
    expect(reference.counts).toEqual([0, 2, 3]);
    expect(reference.mean).toBeCloseTo(0.6, 15);
  });

  it('counts NaN as null and keeps it out of mean and spread', () => {
    const reference = referenceDistribution('x', Float64Array.of(NaN, 2, 4, NaN));
    expect(reference.null_share).toBe(0.5);
    expect([reference.mean, reference.standard_deviation]).toEqual([3, 1]);
    expect(reference.counts[0]).toBe(2);
  });

  it.each([
    ['one value', [5, 5, 5], true],
    ['two values', [5, 5, 6], false],
    ['one value and nulls', [5, NaN], false],
  ])('with %s: constant is %s', (_case, values, constant) => {
    expect(referenceDistribution('x', Float64Array.from(values)).constant).toBe(constant);
  });

  it('puts a value on an edge into the bin that it closes, and anything beyond into the last', () => {
    expect(binCounts([null, 0, 10, 10.5, 20, 1e9, -3], [10, 20])).toEqual([1, 1, 2, 2, 1]);
  });

  it('counts every value once, whatever the values', () => {
    const values = fc.array(fc.oneof(fc.double(), fc.integer({ min: 0, max: 3 })), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(values, values, (training, today) => {
        const { edges, counts } = referenceDistribution('x', Float64Array.from(training));
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(training.length);
        expect(edges.length).toBeLessThanOrEqual(9);
        expect(edges).toEqual([...new Set(edges)].sort((a, b) => a - b));
        const later = binCounts(today, edges);
        expect(later).toHaveLength(counts.length);
        expect(later.reduce((sum, count) => sum + count, 0)).toBe(today.length);
      }),
    );
  });
});
