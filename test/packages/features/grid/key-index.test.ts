import { KeyIndex } from '../../../../packages/features/grid/key-index';

describe('the numbers of keys', () => {
  it.each([
    ['as many as expected', { owners: 50, keys: 20_000 }],
    ['far more than expected', { owners: 50, keys: 0 }],
    ['of far fewer owners than expected', { owners: 1_000_000, keys: 20_000 }],
  ])('are 0, 1, … in order, and stay: %s', (_case, expected) => {
    const index = new KeyIndex(expected);
    const hash = (session: number) => Math.imul(session + 1, 0x9e3779b1);
    const all = Array.from({ length: 20_000 }, (_, session) => session);
    const numbersOf = () =>
      all.map((session) => index.numberOf(session % 40, hash(session), hash(-session)));
    expect(numbersOf()).toEqual(all);
    expect(numbersOf()).toEqual(all);
  });

  it('tell owners, and both words of a hash, apart', () => {
    const index = new KeyIndex({ owners: 3, keys: 10 });
    const keys = [
      [1, 5, 6],
      [2, 5, 6],
      [1, 6, 6],
      [1, 5, 7],
      [1, -5, -6],
    ] as const;
    expect(keys.map(([owner, low, high]) => index.numberOf(owner, low, high))).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it('tell owners apart that share a place in the table', () => {
    const index = new KeyIndex({ owners: 1_000_000, keys: 10 });
    const owners = Array.from({ length: 20 }, (_, place) => 1 + place * 2_048);
    expect(owners.map((owner) => index.numberOf(owner, 5, 6))).toEqual([...owners.keys()]);
  });

  it('are found once they are known', () => {
    const index = new KeyIndex({ owners: 1, keys: 10 });
    expect([index.find(0, 5, 6), index.numberOf(0, 5, 6), index.find(0, 5, 6)]).toEqual([-1, 0, 0]);
  });

  it('are soon found where owners have more keys than their places hold', () => {
    // One slot after the other, this took minutes.
    const index = new KeyIndex({ owners: 20_000, keys: 700_000 });
    const hash = (session: number) => Math.imul(session + 1, 0x9e3779b1);
    let count = 0;
    for (let owner = 0; owner < 20_000; owner += 1) {
      for (let session = 0; session < 20 + (owner % 200); session += 1) {
        expectEqual(index.numberOf(owner, hash(count), hash(-count)), count);
        count += 1;
      }
    }
  });

  it('hold all keys of one owner', () => {
    const index = new KeyIndex({ owners: 1_000, keys: 5_000 });
    for (let session = 0; session < 5_000; session += 1) {
      expect(index.numberOf(7, Math.imul(session, 0x85ebca6b), session)).toBe(session);
    }
  });
});

/** Without the cost of millions of `expect`s. */
function expectEqual(found: number, expected: number): void {
  if (found !== expected) expect(found).toBe(expected);
}
