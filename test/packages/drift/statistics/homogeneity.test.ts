import fc from 'fast-check';
import { chiSquareCdf } from '../../../../packages/drift/statistics/chi-square';
import { homogeneity } from '../../../../packages/drift/statistics/homogeneity';
import { meanShift } from '../../../../packages/drift/statistics/mean-shift';

describe('χ² test of homogeneity', () => {
  it('is the two-sample statistic of a contingency table', () => {
    // Rows 90/10 and 70/30: 200 · (90·30 − 10·70)² ÷ (100 · 100 · 160 · 40) = 12.5.
    expect(homogeneity([90, 10], [70, 30])).toEqual({ statistic: 12.5, degreesOfFreedom: 1 });
  });

  it("has Evidently's one-sample p of 0.673 in the limit of a large reference", () => {
    const reference = [16, 18, 16, 14, 12, 12].map((count) => count * 1e7);
    const { statistic, degreesOfFreedom } = homogeneity(reference, [16, 16, 16, 16, 16, 8]);
    expect(1 - chiSquareCdf(statistic, degreesOfFreedom)).toBeCloseTo(0.67309, 3);
  });

  it('pools bins that are thin in both', () => {
    expect(homogeneity([980, 10, 10], [98, 0, 2])).toEqual(homogeneity([980, 20], [98, 2]));
  });

  it('keeps a bin that is new today', () => {
    const { statistic, degreesOfFreedom } = homogeneity([1000, 0], [80, 20]);
    expect(degreesOfFreedom).toBe(1);
    expect(statistic).toBeGreaterThan(100);
  });

  it('is 0 for equal shares', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 999 }), { minLength: 1 }), (counts) => {
        expect(homogeneity(counts, counts).statistic).toBe(0);
      }),
    );
  });
});

describe('mean shift', () => {
  it('is a test and an effect size', () => {
    const reference = { mean: 10, standardDeviation: 4, rows: 400 };
    const { z, standardisedShift } = meanShift(reference, { mean: 12, rows: 100 });
    expect(standardisedShift).toBe(0.5);
    expect(z).toBeCloseTo(0.5 / Math.sqrt(1 / 100 + 1 / 400), 12);
  });

  it('refuses a constant reference instead of saying infinity', () => {
    const reference = { mean: 1, standardDeviation: 0, rows: 10 };
    expect(() => meanShift(reference, { mean: 2, rows: 10 })).toThrow(RangeError);
  });
});
