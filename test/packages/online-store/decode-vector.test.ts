import fc from 'fast-check';
import type { OnlineVector } from '../../../packages/contracts/partitions';
import { createVectorDecoder } from '../../../packages/online-store/decode-vector';
import { testSchema, testVector } from './vector-fixture';

describe('the decoder of online values', () => {
  const decode = createVectorDecoder(testSchema);
  const decodeAny = createVectorDecoder();

  it.each<[string, Partial<OnlineVector>]>([
    ['as a sync writes it', {}],
    ['from before there was a state', { is_subscribed: undefined, state_hash: undefined }],
    ['of another schema', { schema_hash: 'schema-b', features: { other: 1 } }],
  ])('returns a vector %s', (_what, changes) => {
    const vector = testVector('u1', changes);
    const written = JSON.stringify(vector);
    expect(decode(written, 'u1')).toEqual(JSON.parse(written));
    expect(decodeAny(written, 'u1')).toEqual(JSON.parse(written));
  });

  const numbers = fc.double({ noNaN: true, noDefaultInfinity: true });

  it('returns every vector that has its hash, whatever its values', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
        numbers,
        fc.boolean(),
        (n, x, b) => {
          const features = { sessions_30d: n, spend: x, is_pro: b };
          const written = JSON.stringify(testVector('u1', { features }));
          expect(decode(written, 'u1')).toEqual(JSON.parse(written));
        },
      ),
    );
  });

  it('refuses every vector of which one value was changed', () => {
    const names = ['sessions_30d', 'spend'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.integer({ min: 1, max: 1_000 }), (name, added) => {
        const vector = testVector('u1');
        const features = { ...vector.features, [name]: Number(vector.features[name]) + added };
        const written = JSON.stringify({ ...vector, features });
        for (const read of [decode, decodeAny]) {
          expect(() => read(written, 'u1')).toThrow(/hash/);
        }
      }),
    );
  });

  const changed = (changes: object) => JSON.stringify({ ...testVector('u1'), ...changes });
  const [sessions_30d, spend, is_pro] = [4, 12.34, true] as const;

  it.each([
    ['no JSON', '{"feature_time":'],
    ['nothing', ''],
    ['null', 'null'],
    ['a number', '1'],
    ['no features', changed({ features: undefined })],
    ['features that are null', changed({ features: null })],
    ['features that are a list', changed({ features: [1, 2] })],
    ['a feature that is a text', changed({ features: { sessions_30d: '4', spend, is_pro } })],
    ['a feature that is null', changed({ features: { sessions_30d: null, spend, is_pro } })],
    ['an infinite feature', changed({}).replace('12.34', '1e999')],
    ['no hash', changed({ vector_hash: undefined })],
    ['another hash', changed({ vector_hash: '0'.repeat(16) })],
    ['another state', changed({ is_subscribed: false })],
    ['a state without its definition', changed({ state_hash: undefined })],
    ['a definition without its state', changed({ is_subscribed: undefined })],
    ['a state that is a text', changed({ is_subscribed: 'yes' })],
    ['no schema', changed({ schema_hash: undefined })],
    ['no moment', changed({ feature_time: undefined })],
    ['a moment of another layout', changed({ feature_time: '2024-06-01' })],
    ['a moment that does not exist', changed({ feature_time: '2024-02-30T00:00:00.000000Z' })],
    ['no knowledge', changed({ known_at: 'now' })],
    ['a revision that is a text', changed({ revision: '1' })],
    ['a broken revision', changed({ revision: 1.5 })],
  ])('refuses a value with %s, whatever its schema', (_what, text) => {
    for (const read of [decode, decodeAny]) {
      const refused = expect.objectContaining({
        code: 'CORRUPT_VECTOR',
        details: { userId: 'u1', problem: expect.any(String) },
      });
      expect(() => read(text, 'u1')).toThrow(refused);
    }
  });

  it('refuses the vector of another user', () => {
    expect(() => decode(JSON.stringify(testVector('u2')), 'u1')).toThrow(/of another user/);
  });

  const right = { sessions_30d, spend, is_pro };
  it.each<[string, OnlineVector['features'], string]>([
    ['one is missing', { sessions_30d, spend }, 'feature is_pro is missing'],
    ['one is too many', { ...right, more: 1 }, 'there are features that nobody defined'],
    ['a count is broken', { ...right, sessions_30d: 4.5 }, 'sessions_30d is not of its type'],
    [
      'a count is too great',
      { ...right, sessions_30d: 2 ** 31 },
      'sessions_30d is not of its type',
    ],
    ['a boolean is a number', { ...right, is_pro: 1 }, 'is_pro is not of its type'],
    ['a number is a boolean', { ...right, spend: true }, 'spend is not of its type'],
  ])('refuses features that its schema does not have: %s', (_what, features, problem) => {
    const text = JSON.stringify(testVector('u1', { features }));
    expect(() => decode(text, 'u1')).toThrow(problem);
    // Their hash is right, so that nothing else is wrong with them.
    expect(decodeAny(text, 'u1').features).toEqual(features);
  });
});
