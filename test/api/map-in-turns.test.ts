import { mapInTurns } from '../../api/predict/map-in-turns';

describe('a map in turns', () => {
  it('lets other work in between parts that take long, and keeps their order', async () => {
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const seen: number[] = [];
    const results = await mapInTurns(['a', 'b', 'c', 'd'], (item, index) => {
      const end = performance.now() + 11;
      while (performance.now() < end);
      seen.push(turns);
      return `${item}${index}`;
    });
    clearImmediate(next);
    expect(results).toEqual(['a0', 'b1', 'c2', 'd3']);
    expect(new Set(seen).size).toBe(4);
  });
});
