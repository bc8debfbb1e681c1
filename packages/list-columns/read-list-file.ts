import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import type { ListColumn, ListRows } from './list-rows';
import { evenFrom } from './write-list-file';

/** What one call to the system may read. */
const BYTES_MAX = 2 ** 30;

/**
 * Reads a file that `writeListColumnFile` wrote. Nothing is decoded: the lists are views of the room. The
 * file is being read when this returns, even if the event loop does not turn.
 *
 * @param shape  How many rows and columns it has.
 * @param room  As large as the file, from a multiple of eight bytes of its buffer on.
 * @throws Error where the file can't be read, has another size or offsets that no such file has;
 * damaged values are not seen.
 */
export async function readListColumnFile(
  file: string,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  room: Uint8Array,
): Promise<ListRows> {
  await readWhole(file, room);
  let taken = 0;
  const take = (bytes: number) => {
    const at = room.byteOffset + taken;
    taken += bytes;
    if (taken > room.length) throw notAsExpected(file);
    return at;
  };
  const lists = Array.from({ length: columns }, (): ListColumn => {
    const offsets = new Int32Array(room.buffer, take(evenFrom(rows + 1) * 4), rows + 1);
    if (!isAscending(offsets)) throw notAsExpected(file);
    const count = offsets[rows]!;
    return { offsets, values: new Float64Array(room.buffer, take(count * 8), count) };
  });
  if (taken < room.length) throw notAsExpected(file);
  return { rows, lists };
}

function notAsExpected(file: string): Error {
  return new Error(`${file} is not as it was written`);
}

function isAscending(offsets: Int32Array): boolean {
  let before = 0;
  for (const offset of offsets) {
    if (offset < before) return false;
    before = offset;
  }
  return offsets[0] === 0;
}

async function readWhole(file: string, room: Uint8Array): Promise<void> {
  const descriptor = openSync(file, 'r');
  try {
    if (fstatSync(descriptor).size !== room.length) throw notAsExpected(file);
    for (let done = 0; done < room.length;) {
      const bytes = Math.min(room.length - done, BYTES_MAX);
      const { bytesRead } = await readInto(descriptor, room, done, bytes, done);
      if (bytesRead === 0) throw notAsExpected(file);
      done += bytesRead;
    }
  } finally {
    closeSync(descriptor);
  }
}

const readInto = promisify(read);
