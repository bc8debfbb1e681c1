import fc from 'fast-check';
import { chiSquareCdf, chiSquareQuantile } from '../../../../packages/drift/statistics/chi-square';
import { psiNoiseBound } from '../../../../packages/drift/statistics/psi-noise-bound';

describe('χ² quantile', () => {
  it.each([
    [0.95, 9, 16.918977604620448],
    [0.99, 9, 21.66599433346194],
    [0.999, 9, 27.877164871256568],
    [0.95, 1, 3.841458820694124],
    [0.5, 2, 2 * Math.LN2],
    [0.99, 2, -2 * Math.log(0.01)],
    [0.95, 100, 124.34211340400407],
    [0.05, 3, 0.3518463177492716],
  ])('is at %p with %p degrees of freedom %p', (probability, degrees, expected) => {
    expect(chiSquareQuantile(probability, degrees)).toBeCloseTo(expected, 8);
  });

  it('is the inverse of the distribution function', () => {
    const probability = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });
    fc.assert(
      fc.property(probability, fc.integer({ min: 1, max: 300 }), (p, degrees) => {
        expect(chiSquareCdf(chiSquareQuantile(p, degrees), degrees)).toBeCloseTo(p, 9);
      }),
    );
  });

  it.each([
    [0, 3],
    [1, 3],
    [NaN, 3],
    [0.5, 0],
  ])('refuses probability %p with %p degrees of freedom', (probability, degrees) => {
    expect(() => chiSquareQuantile(probability, degrees)).toThrow(RangeError);
  });
});

describe('the noise bound of PSI', () => {
  it.each([
    [50, 0.05, 0.3418],
    [100, 0.05, 0.1726],
    [500, 0.001, 0.0613],
    [5_000, 0.001, 0.01115],
  ])('is for 5,000 reference rows and %p today at α %p: %p', (rows, alpha, expected) => {
    const bound = psiNoiseBound({ referenceRows: 5_000, rows, bins: 10, alpha });
    expect(bound).toBeCloseTo(expected, 3);
  });

  it('is 0 where there is one bin, and refuses an empty sample', () => {
    expect(psiNoiseBound({ referenceRows: 9, rows: 9, bins: 1, alpha: 0.01 })).toBe(0);
    expect(() => psiNoiseBound({ referenceRows: 9, rows: 0, bins: 2, alpha: 0.01 })).toThrow(
      RangeError,
    );
  });
});
