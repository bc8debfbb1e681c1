import type { OnlineVector } from '../../contracts';
import type { VectorDecoder } from '../decode-vector';

/** About 10 MB. */
const USERS_MAX = 10_000;
/** So rarely, per place, are all forgotten: remembering costs more than decoding, if it is in vain. */
const MISSES_PER_PLACE = 10;

/**
 * A decoder that does not decode again what it has decoded for a user: a vector changes once a day,
 * and most of those who are asked for are asked for again. What it returns is shared. Where there
 * are more users than places, the first ones keep theirs for a while.
 */
export function rememberVectors(decode: VectorDecoder, usersMax = USERS_MAX): VectorDecoder {
  const remembered = new Map<string, { readonly text: string; readonly vector: OnlineVector }>();
  let misses = 0;
  return (text, userId) => {
    const before = remembered.get(userId);
    if (before?.text === text) return before.vector;
    const vector = decode(text, userId);
    if (!before && remembered.size >= usersMax) {
      misses += 1;
      if (misses < usersMax * MISSES_PER_PLACE) return vector;
      misses = 0;
      remembered.clear();
    }
    remembered.set(userId, { text, vector });
    return vector;
  };
}
