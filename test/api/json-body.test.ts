import fc from 'fast-check';
import { shapeProblem } from '../../api/http/json-body';

const shapeOf = (text: string, depthMax: number, valuesMax: number) =>
  shapeProblem(Buffer.from(text), { depthMax, valuesMax });

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Members of all objects and lists, where one that is empty or has one member counts nothing more. */
function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const members: unknown[] = Object.values(value);
  return Math.max(0, members.length - 1) + members.reduce<number>((sum, m) => sum + valuesOf(m), 0);
}

describe('the shape of a JSON text', () => {
  it('is as deep as its value, whatever is in its texts', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.nat(6), (text, depthMax) => {
        const problem = shapeOf(text, depthMax, Infinity);
        expect(problem !== undefined).toBe(depthOf(JSON.parse(text)) > depthMax);
      }),
    );
  });

  it('has as many values as commas separate', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        fc.integer({ min: 1, max: 12 }),
        (value, valuesMax) => {
          const problem = shapeOf(JSON.stringify(value), Infinity, valuesMax);
          expect(problem !== undefined).toBe(1 + valuesOf(value) > valuesMax);
        },
      ),
    );
  });

  it.each([
    ['["[[[[", "]"]', 1],
    [String.raw`{"\"[[": "\\"}`, 1],
    [String.raw`["\\\"[", [1]]`, 2],
    ['"[[[', 0],
    [String.raw`"\\" [`, 1],
    [String.raw`["\u005b[", "é[🙂["]`, 1],
  ])('of %s has a depth of %i', (text, depth) => {
    expect(shapeOf(text, depth, 100)).toBeUndefined();
    if (depth > 0) expect(shapeOf(text, depth - 1, 100)).toMatch(/nested/);
  });
});
