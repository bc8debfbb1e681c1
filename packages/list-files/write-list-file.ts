import { writeFile } from 'node:fs/promises';
import type { ListRows } from './list-rows';

/**
 * Writes rows of lists as they lie in memory: per column the offsets, then the values, each from a
 * multiple of eight bytes on. Numbers have the byte order of the machine, which is little-endian
 * wherever Node runs nowadays.
 *
 * @returns The size of the file in bytes.
 */
export async function writeListFile(file: string, { lists }: ListRows): Promise<number> {
  const pieces = lists.flatMap(({ offsets, values }) => [aligned(offsets), values]);
  await writeFile(file, pieces);
  return pieces.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

/** With a last one more where they are an odd number. */
function aligned(offsets: Int32Array): Int32Array {
  const even = new Int32Array(offsets.length + (offsets.length % 2));
  even.set(offsets);
  return even;
}
