import { namedStreams } from '../../../packages/synthetic/named-streams';

const streams = namedStreams(42, () => undefined);

function draws(open: () => number, count: number): number[] {
  return Array.from({ length: count }, () => open());
}

function correlation(left: readonly number[], right: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [leftMean, rightMean] = [mean(left), mean(right)];
  const product = (a: readonly number[], aMean: number, b: readonly number[], bMean: number) =>
    a.reduce((sum, value, place) => sum + (value - aMean) * (b[place]! - bMean), 0);
  return (
    product(left, leftMean, right, rightMean) /
    Math.sqrt(product(left, leftMean, left, leftMean) * product(right, rightMean, right, rightMean))
  );
}

describe('a named stream', () => {
  it('is the same whenever it is opened, whatever was opened before', () => {
    const fresh = namedStreams(42, () => undefined);
    fresh.open('billing', 1);
    expect(draws(fresh.open('events', 7, 2, 3), 20)).toEqual(
      draws(streams.open('events', 7, 2, 3), 20),
    );
  });

  it.each<[string, () => () => number]>([
    ['another purpose', () => streams.open('sessions', 7, 2, 3)],
    ['another user', () => streams.open('events', 8, 2, 3)],
    ['another cycle', () => streams.open('events', 7, 3, 3)],
    ['another place', () => streams.open('events', 7, 2, 4)],
    ['swapped numbers', () => streams.open('events', 2, 7, 3)],
    ['another seed', () => namedStreams(43, () => undefined).open('events', 7, 2, 3)],
  ])('differs for %s', (_what, open) => {
    expect(draws(open(), 20)).not.toEqual(draws(streams.open('events', 7, 2, 3), 20));
  });

  it('is even over [0, 1), within a stream and over the first draws of many', () => {
    const within = draws(streams.open('events', 1), 20_000);
    const across = Array.from({ length: 20_000 }, (_, user) => streams.open('life', user)());
    for (const values of [within, across]) {
      const counts = new Array<number>(20).fill(0);
      for (const value of values) counts[Math.floor(value * 20)]! += 1;
      const chiSquare = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
      // 19 degrees of freedom: exceeded once in a thousand.
      expect(chiSquare).toBeLessThan(43.8);
    }
  });

  it('is not correlated with itself a draw later, nor with its neighbours', () => {
    const count = 20_000;
    const stream = draws(streams.open('events', 1), count + 1);
    const first = Array.from({ length: count }, (_, user) => streams.open('life', user)());
    const neighbour = Array.from({ length: count }, (_, user) => streams.open('life', user + 1)());
    const nextCycle = Array.from({ length: count }, (_, user) => streams.open('life', user, 1)());
    const bound = 4 / Math.sqrt(count);
    expect(Math.abs(correlation(stream.slice(1), stream.slice(0, -1)))).toBeLessThan(bound);
    expect(Math.abs(correlation(first, neighbour))).toBeLessThan(bound);
    expect(Math.abs(correlation(first, nextCycle))).toBeLessThan(bound);
  });
});
