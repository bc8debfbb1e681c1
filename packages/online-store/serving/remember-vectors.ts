import type { OnlineVector } from '../../contracts';
import type { VectorDecoder } from '../decode-vector';

/** About 10 MB. */
const USERS_MAX = 10_000;

/**
 * A decoder that does not decode again what it has decoded for a user: a vector changes once a day,
 * and most of those who are asked for are asked for again. What it returns is shared.
 */
export function rememberVectors(decode: VectorDecoder, usersMax = USERS_MAX): VectorDecoder {
  const remembered = new Map<string, { readonly text: string; readonly vector: OnlineVector }>();
  return (text, userId) => {
    const before = remembered.get(userId);
    if (before?.text === text) return before.vector;
    const vector = decode(text, userId);
    if (remembered.size >= usersMax) remembered.clear();
    remembered.set(userId, { text, vector });
    return vector;
  };
}
