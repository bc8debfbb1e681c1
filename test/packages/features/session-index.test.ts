import { SessionIndex } from '../../../packages/features/session-index';

describe('the numbers of sessions', () => {
  it.each([
    ['as many as expected', { users: 50, sessions: 20_000 }],
    ['far more than expected', { users: 50, sessions: 0 }],
    ['of far fewer users than expected', { users: 1_000_000, sessions: 20_000 }],
  ])('are 0, 1, … in order, and stay: %s', (_case, expected) => {
    const index = new SessionIndex(expected);
    const hash = (session: number) => Math.imul(session + 1, 0x9e3779b1);
    const all = Array.from({ length: 20_000 }, (_, session) => session);
    const numbersOf = () =>
      all.map((session) => index.numberOf(session % 40, hash(session), hash(-session)));
    expect(numbersOf()).toEqual(all);
    expect(numbersOf()).toEqual(all);
  });

  it('tell users, and both words of a hash, apart', () => {
    const index = new SessionIndex({ users: 3, sessions: 10 });
    const keys = [
      [1, 5, 6],
      [2, 5, 6],
      [1, 6, 6],
      [1, 5, 7],
      [1, -5, -6],
    ] as const;
    expect(keys.map(([user, low, high]) => index.numberOf(user, low, high))).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it('tell users apart that share a place in the table', () => {
    const index = new SessionIndex({ users: 1_000_000, sessions: 10 });
    const users = Array.from({ length: 20 }, (_, place) => 1 + place * 2_048);
    expect(users.map((user) => index.numberOf(user, 5, 6))).toEqual([...users.keys()]);
  });

  it('hold all sessions of one user', () => {
    const index = new SessionIndex({ users: 1_000, sessions: 5_000 });
    for (let session = 0; session < 5_000; session += 1) {
      expect(index.numberOf(7, Math.imul(session, 0x85ebca6b), session)).toBe(session);
    }
  });
});
