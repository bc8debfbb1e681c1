import { readColumns, type DuckDb } from '../../duckdb';
import { readSegments, type Segment } from '../segments';
import { KeyIndex } from './key-index';

/** DuckDB hashes a dictionary's texts once each, where it would cast every row's to a number. */
const hashes = ['hash(user_id)', "hash(user_id || '~')", "hash(user_id || '~~')"];

/**
 * SQL for a 64-bit hash that is another one for each user of these segments. The first candidate is, but
 * for once in forty million installations of a million users.
 */
export async function distinctUserHash(
  duckDb: DuckDb,
  users: readonly Segment[],
  candidates: readonly string[] = hashes,
): Promise<string> {
  for (const hash of candidates) {
    const [found] = await duckDb.rows<{ distinct: boolean }>(
      `SELECT count(DISTINCT user_id) = count(DISTINCT ${hash}) AS distinct
      FROM ${readSegments(users)}`,
    );
    if (found?.distinct) return hash;
  }
  throw new RangeError(`no hash of ${candidates.join(', ')} tells all users apart`);
}

/**
 * Maps a user's hash, given as its two words, to the user's row in `user_rows`; an unknown user maps
 * to `count`.
 */
export async function userNumbers(
  duckDb: DuckDb,
  userHash: string,
  count: number,
): Promise<(low: number, high: number) => number> {
  const index = new KeyIndex({ owners: 1, keys: count });
  const sql = `SELECT ${userHash} FROM user_rows ORDER BY u`;
  const [words] = await readColumns(duckDb.connection, { sql, types: ['UBIGINT'] });
  for (let row = 0; row < count; row += 1) {
    index.numberOf(0, words![2 * row]!, words![2 * row + 1]!);
  }
  return (low, high) => {
    const number = index.find(0, low, high);
    return number < 0 ? count : number;
  };
}
