import fc from 'fast-check';
import {
  populationStabilityIndex,
  psiContributions,
} from '../../../../packages/drift/statistics/population-stability-index';

const psi = populationStabilityIndex;

describe('population stability index', () => {
  it('is 0 when shares are equal, whatever the volumes', () => {
    expect(psi([50, 50], [500, 500])).toBe(0);
  });

  it('is ln 2 ÷ 10 for .3/.4/.3 against .2/.4/.4', () => {
    expect(psi([30, 40, 30], [20, 40, 40])).toBeCloseTo(Math.LN2 / 10, 12);
  });

  it("is feature-engine's 0.4 · ln 1.5 for [1..6] five times, split in halves", () => {
    // First 15 rows: 1,2,3 three times and 4,5,6 twice; last 15 the other way round.
    expect(psi([3, 3, 3, 2, 2, 2], [2, 2, 2, 3, 3, 3])).toBeCloseTo(0.1621860432432658, 12);
  });

  it("is feature-engine's 7.745… for 0..29 split in halves, with nine bins empty today", () => {
    const expected = [2, 1, 2, 1, 2, 1, 1, 2, 1, 2];
    const actual = [0, 0, 0, 0, 0, 0, 0, 0, 0, 15];
    expect(psi(expected, actual)).toBeCloseTo(7.745116608833365, 12);
  });

  it('gives an emptied decile 0.690 with its epsilon of 1e-4', () => {
    expect(psiContributions([10, 90], [0, 100])[0]).toBeCloseTo(0.69, 3);
  });

  it.each([
    ['the bins differ', [1, 2], [1, 2, 3]],
    ['nothing was counted', [0, 0], [1, 1]],
    ['a count is negative', [1, -1], [1, 1]],
    ['a count is not a number', [1, 1], [NaN, 1]],
  ])('refuses when %s', (_reason, expected, actual) => {
    expect(() => psi(expected, actual)).toThrow(RangeError);
  });

  const counts = (bins: number) =>
    fc
      .array(fc.nat({ max: 10_000 }), { minLength: bins, maxLength: bins })
      .filter((values) => values.some((value) => value > 0));
  const twoSamples = fc.integer({ min: 1, max: 12 }).chain((n) => fc.tuple(counts(n), counts(n)));

  it('is never negative, symmetric, and 0 on itself', () => {
    fc.assert(
      fc.property(twoSamples, ([a, b]) => {
        expect(psi(a, b)).toBeGreaterThanOrEqual(0);
        expect(psi(a, b)).toBeCloseTo(psi(b, a), 10);
        expect(psi(a, a)).toBe(0);
      }),
    );
  });

  it('does not depend on the order of the bins', () => {
    fc.assert(
      fc.property(twoSamples, ([a, b]) => {
        expect(psi(a.toReversed(), b.toReversed())).toBeCloseTo(psi(a, b), 10);
      }),
    );
  });
});
