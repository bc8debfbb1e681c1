import { greatestUntil, sumsInWindow } from '../../../../packages/features/history/walk-series';

const of = (times: readonly number[], values?: readonly number[]) => ({
  offsets: Int32Array.of(0, times.length),
  times: Float64Array.from(times),
  values: values && Float64Array.from(values),
});

describe('walking beside moments', () => {
  it.each([
    [9, 0],
    [10, 1],
    [19, 2],
    [20, 1],
    [24, 1],
    [25, 0],
  ])('at %i a window (T − 10, T] of points at 10 and 15 has %i', (at, count) => {
    const sumOf = (points: ReturnType<typeof of>) => {
      const sums = new Float64Array(1);
      sumsInWindow(of([at]), { entered: points, left: points, micros: 10 }, sums);
      return sums[0];
    };
    expect(sumOf(of([10, 15]))).toBe(count);
    expect(sumOf(of([10, 15], [7, 7]))).toBe(7 * count);
  });

  it('adds to what is there already, from the first moment of the first user on', () => {
    const moments = { offsets: Int32Array.of(2, 3, 4), times: Float64Array.of(0, 0, 5, 5) };
    const points = { offsets: Int32Array.of(0, 1, 3), times: Float64Array.of(1, 1, 2) };
    const counts = Float64Array.of(10, 10);
    const window = { entered: points, left: points, micros: 10 };
    sumsInWindow(moments, window, counts);
    expect(counts).toEqual(Float64Array.of(11, 12));
    const values = { ...points, values: Float64Array.of(3, 4, 5) };
    sumsInWindow(moments, { ...window, entered: values, left: values }, counts);
    expect(counts).toEqual(Float64Array.of(14, 21));
  });

  it('has exact sums where only all values together are above 2^53', () => {
    const large = Number.MAX_SAFE_INTEGER;
    const points = of([10, 20, 30, 40], [large, large - 1, large - 2, 4_503_599_627_370_497]);
    const sums = new Float64Array(1);
    sumsInWindow(of([40]), { entered: points, left: points, micros: 10 }, sums);
    expect(sums[0]).toBe(4_503_599_627_370_497);
  });

  it('has the greatest value so far, of times where there are no values; −∞ before', () => {
    const greatest = new Float64Array(3);
    greatestUntil(of([0, 1, 9]), of([1, 5], [7, 3]), greatest);
    expect(greatest).toEqual(Float64Array.of(-Infinity, 7, 7));
    greatestUntil(of([0, 1, 9]), of([1, 5]), greatest);
    expect(greatest).toEqual(Float64Array.of(-Infinity, 1, 5));
  });
});
