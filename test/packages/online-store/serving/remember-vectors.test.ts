import { createVectorDecoder } from '../../../../packages/online-store/decode-vector';
import { rememberVectors } from '../../../../packages/online-store/serving/remember-vectors';
import { testSchema, testVector } from '../vector-fixture';

describe('a decoder that remembers', () => {
  function counting(usersMax: number) {
    const decode = createVectorDecoder(testSchema);
    const decoded: string[] = [];
    const remembering = rememberVectors((text, userId) => {
      decoded.push(userId);
      return decode(text, userId);
    }, usersMax);
    return { decoded, read: remembering };
  }

  const text = (userId: string, changes = {}) => JSON.stringify(testVector(userId, changes));

  it('decodes a value once, and again when a byte of it changes', () => {
    const { decoded, read } = counting(10);
    expect(read(text('a'), 'a')).toEqual(testVector('a'));
    expect(read(text('a'), 'a')).toEqual(testVector('a'));
    expect(decoded).toEqual(['a']);
    const damaged = text('a').replace('12.34', '12.35');
    expect(() => read(damaged, 'a')).toThrow(/hash/);
    expect(read(text('a'), 'a')).toEqual(testVector('a'));
    expect(read(text('a', { revision: 2 }), 'a').revision).toBe(2);
  });

  it('refuses a value that it has decoded for another user', () => {
    const { read } = counting(10);
    read(text('a'), 'a');
    expect(() => read(text('a'), 'b')).toThrow(/of another user/);
  });

  it('remembers only so many, and others once these have been in the way for long', () => {
    const { decoded, read } = counting(2);
    const readAll = (...userIds: string[]) => {
      decoded.length = 0;
      for (const userId of userIds) read(text(userId), userId);
      return [...decoded];
    };
    expect(readAll('a', 'b', 'c', 'a', 'b', 'c')).toEqual(['a', 'b', 'c', 'c']);
    expect(readAll(...Array<string>(18).fill('c'))).toHaveLength(18);
    expect(readAll('c', 'a', 'c', 'a', 'b')).toEqual(['a', 'b']);
  });

  it('remembers the present value of a user in place of the one before', () => {
    const { decoded, read } = counting(1);
    for (const revision of [1, 2, 2]) read(text('a', { revision }), 'a');
    expect(decoded).toEqual(['a', 'a']);
  });
});
