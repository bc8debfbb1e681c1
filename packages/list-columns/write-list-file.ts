import { writeFile } from 'node:fs/promises';
import type { ListRows } from './list-rows';

/**
 * Writes rows of lists as they lie in memory: per column the offsets, then the values, each from a
 * multiple of eight bytes on. Numbers have the byte order of the machine, which is little-endian
 * wherever Node runs nowadays.
 *
 * @param pieces  One or more, whose rows follow each other.
 * @returns The size of the file in bytes.
 */
export async function writeListColumnFile(
  file: string,
  pieces: readonly ListRows[],
): Promise<number> {
  const columns = pieces[0]!.lists.keys();
  const arrays = Array.from(columns, (column) => [
    offsetsOf(pieces, column),
    ...pieces.map(({ lists }) => lists[column]!.values),
  ]).flat();
  await writeFile(file, arrays);
  return arrays.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

/** The offsets of all pieces, padded to an even count. */
function offsetsOf(pieces: readonly ListRows[], column: number): Int32Array {
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const all = new Int32Array(evenFrom(rows + 1));
  let row = 0;
  let before = 0;
  for (const { lists } of pieces) {
    const { offsets, values } = lists[column]!;
    for (const offset of offsets.subarray(1)) all[(row += 1)] = before + offset;
    before += values.length;
  }
  return all;
}

/** Two offsets are as long as one value. */
export function evenFrom(count: number): number {
  return count + (count % 2);
}
