import fc from 'fast-check';
import { sortByUser } from '../../../../packages/features/history/user-series';

describe('sortByUser', () => {
  it('orders times that are a microsecond apart, far apart and equal, per user', () => {
    const point = fc.record({
      user: fc.integer({ min: 0, max: 3 }),
      time: fc.oneof(
        fc.integer({ min: 0, max: 4 }).map((micros) => 1.7e15 + micros),
        fc.integer({ min: 0, max: 3e13 }).map((micros) => 1.7e15 + micros),
      ),
    });
    fc.assert(
      fc.property(fc.array(point), (points) => {
        const unsorted = {
          userCount: 4,
          user: Int32Array.from(points, ({ user }) => user),
          time: Float64Array.from(points, ({ time }) => time),
        };
        const value = Float64Array.from(points, ({ time }) => time + 0.5);
        const { offsets, times, values } = sortByUser({ ...unsorted, value });
        expect(sortByUser(unsorted)).toEqual({ offsets, times, values: undefined });
        for (const user of [0, 1, 2, 3]) {
          const own = points.filter((each) => each.user === user).map(({ time }) => time);
          const [from, until] = [offsets[user], offsets[user + 1]];
          expect([...times.subarray(from, until)]).toEqual(own.sort((a, b) => a - b));
          expect([...values!.subarray(from, until)]).toEqual(own.map((time) => time + 0.5));
        }
      }),
      { seed: 1 },
    );
  });

  it('orders two times that are a microsecond apart', () => {
    const user = Int32Array.of(0, 0);
    const { times } = sortByUser({ userCount: 1, user, time: Float64Array.of(1.7e15 + 1, 1.7e15) });
    expect(times).toEqual(Float64Array.of(1.7e15, 1.7e15 + 1));
  });

  it('leaves points that are in order where they are', () => {
    const points = { user: Int32Array.of(0, 0, 2), time: Float64Array.of(5, 5, 1) };
    const value = Float64Array.of(1, 2, 3);
    const { offsets, times, values } = sortByUser({ userCount: 3, ...points, value });
    expect(offsets).toEqual(Int32Array.of(0, 2, 2, 3));
    expect(times).toBe(points.time);
    expect(values).toBe(value);
  });
});
