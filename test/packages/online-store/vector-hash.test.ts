import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { vectorHash } from '../../../packages/online-store';

describe('vector hash', () => {
  it('is the start of the SHA-256 of the values as JSON with sorted names', () => {
    const text = '{"a":0.14285714285714285,"b":true,"c":3}';
    const expected = createHash('sha256').update(text).digest('hex').slice(0, 16);
    expect(vectorHash({ c: 3, a: 1 / 7, b: true })).toBe(expected);
  });

  const values = fc.dictionary(
    fc.string(),
    fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
  );

  it('survives a round trip through JSON and any order of names', () => {
    fc.assert(
      fc.property(values, (vector) => {
        const shuffled = Object.fromEntries(Object.entries(vector).reverse());
        expect(vectorHash(JSON.parse(JSON.stringify(shuffled)))).toBe(vectorHash(vector));
      }),
    );
  });

  it('changes when one value changes by the smallest step', () => {
    expect(vectorHash({ spend: 0.1 + 0.2 })).not.toBe(vectorHash({ spend: 0.3 }));
    expect(vectorHash({ is_pro_plan: true })).not.toBe(vectorHash({ is_pro_plan: 1 }));
  });
});
