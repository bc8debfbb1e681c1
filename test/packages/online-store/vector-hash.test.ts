import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { vectorHash } from '../../../packages/online-store/vector-hash';
import { onlineVectorHash } from '../../../packages/online-store/vector-hash';

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

  it('is of the features alone where an online value has no state, as it was before there was one', () => {
    expect(onlineVectorHash({ features: { a: 1 } })).toBe(vectorHash({ a: 1 }));
  });

  it('is of the features and the state where there is one', () => {
    const hashes = [
      onlineVectorHash({ features: { a: 1, z: 2 } }),
      onlineVectorHash({ features: { a: 1, z: 2 }, is_subscribed: true }),
      onlineVectorHash({ features: { a: 1, z: 2 }, is_subscribed: false }),
    ];
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[1]).toBe(vectorHash({ a: 1, is_subscribed: true, z: 2 }));
  });

  it('changes when one value changes by the smallest step', () => {
    expect(vectorHash({ spend: 0.1 + 0.2 })).not.toBe(vectorHash({ spend: 0.3 }));
    expect(vectorHash({ is_pro_plan: true })).not.toBe(vectorHash({ is_pro_plan: 1 }));
  });
});
