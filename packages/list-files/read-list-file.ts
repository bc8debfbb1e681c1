import { open } from 'node:fs/promises';
import type { ListColumn, ListRows } from './list-rows';

/**
 * Reads a file that `writeListFile` wrote. Nothing is decoded: the lists are views of the room.
 *
 * @param size  How many rows and columns it has.
 * @param room  As large as the file, from a multiple of eight bytes of its buffer on.
 * @throws Error where the file can't be read, or can't be one of that size: damaged values are not seen.
 */
export async function readListFile(
  file: string,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  room: Uint8Array,
): Promise<ListRows> {
  await readWhole(file, room);
  let taken = 0;
  const take = (bytes: number) => {
    const at = taken;
    taken += bytes;
    if (bytes < 0 || taken > room.length) throw otherSize(file);
    return room.byteOffset + at;
  };
  const lists = Array.from({ length: columns }, (): ListColumn => {
    const even = 2 * Math.ceil((rows + 1) / 2);
    const offsets = new Int32Array(room.buffer, take(even * 4), rows + 1);
    const count = offsets[rows]!;
    if (!isAscending(offsets)) throw otherSize(file);
    return { offsets, values: new Float64Array(room.buffer, take(count * 8), count) };
  });
  if (taken < room.length) throw otherSize(file);
  return { rows, lists };
}

function otherSize(file: string): Error {
  return new Error(`${file} has other rows than expected`);
}

function isAscending(offsets: Int32Array): boolean {
  let before = 0;
  for (const offset of offsets) {
    if (offset < before) return false;
    before = offset;
  }
  return offsets[0] === 0;
}

/** By one call to the system: the thread that waits for it may be busy in between. */
async function readWhole(file: string, room: Uint8Array): Promise<void> {
  const handle = await open(file);
  try {
    const { bytesRead } = await handle.read(room, 0, room.length, 0);
    if (bytesRead < room.length) throw new Error(`${file} is shorter than expected`);
  } finally {
    await handle.close();
  }
}
