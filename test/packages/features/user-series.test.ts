import fc from 'fast-check';
import { sortByUser } from '../../../packages/features/user-series';

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
        const { offsets, times, values } = sortByUser({
          userCount: 4,
          user: Int32Array.from(points, ({ user }) => user),
          time: Float64Array.from(points, ({ time }) => time),
          value: Float64Array.from(points, ({ time }) => time + 0.5),
        });
        for (const user of [0, 1, 2, 3]) {
          const own = points.filter((each) => each.user === user).map(({ time }) => time);
          const [from, until] = [offsets[user], offsets[user + 1]];
          expect([...times.subarray(from, until)]).toEqual(own.sort((a, b) => a - b));
          expect([...values.subarray(from, until)]).toEqual(own.map((time) => time + 0.5));
        }
      }),
      { seed: 1 },
    );
  });
});
