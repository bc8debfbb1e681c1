import fc from 'fast-check';
import { mergeSessions } from '../../../packages/features/merge-sessions';

interface Part {
  readonly user: number;
  readonly low: number;
  readonly high: number;
  readonly first: number;
  readonly last: number;
}

describe('mergeSessions', () => {
  it('has each session of a user once, from its first part to its last', () => {
    const part = fc.record({
      user: fc.integer({ min: 0, max: 3 }),
      // Few, so that slots are shared, and some sessions differ in one word only.
      low: fc.constantFrom(0, 1, 64, -1),
      high: fc.constantFrom(0, 5),
      first: fc.integer({ min: 0, max: 9 }),
      last: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.boolean(), (parts, areInOrder) => {
        const given = areInOrder ? [...parts].sort((a, b) => a.user - b.user) : parts;
        expect(merge(given)).toEqual(oneByOne(given));
      }),
      { seed: 3 },
    );
  });

  it('has room for users with many sessions', () => {
    const parts = Array.from({ length: 5_000 }, (_, index) => {
      return { user: index % 2, low: index >> 2, high: index & 1, first: index, last: index };
    });
    expect(merge(parts)).toEqual(oneByOne(parts));
  });
});

function merge(parts: readonly Part[]) {
  const { user, first, last } = mergeSessions({
    userCount: 4,
    user: Int32Array.from(parts, (part) => part.user),
    session: Int32Array.from(parts.flatMap(({ low, high }) => [low, high])),
    first: Float64Array.from(parts, (part) => part.first),
    last: Float64Array.from(parts, (part) => part.last),
  });
  return Array.from(user, (own, index) => [own, first[index], last[index]]);
}

function oneByOne(parts: readonly Part[]) {
  const sessions = new Map<string, [number, number, number]>();
  for (const { user, low, high, first, last } of parts) {
    const key = `${user} ${low} ${high}`;
    const [, since, until] = sessions.get(key) ?? [user, first, last];
    sessions.set(key, [user, Math.min(since, first), Math.max(until, last)]);
  }
  // Maps keep the order of their keys, and so does the sort for the sessions of a user.
  return [...sessions.values()].sort(([one], [other]) => one - other);
}
