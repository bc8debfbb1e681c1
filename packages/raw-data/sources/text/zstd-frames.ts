import { open, type FileHandle } from 'node:fs/promises';

const FRAME_MAGIC = 0xfd2fb528;
const HEADER_BYTES_MAX = 18;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RLE_BLOCK = 1;

/**
 * Fails where a file of zstd frames ends within one, with zlib's code for that (Z_BUF_ERROR). Only
 * the headers of frames and blocks are read (RFC 8878, sections 3.1.1 and 3.1.2); what is no frame is
 * left to the decompressor.
 */
export async function requireWholeFrames(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    let end: number | undefined = 0;
    while (end !== undefined && end < size) end = await endOfFrame(handle, end);
    if (end !== undefined && end > size) throw cutOff();
  } finally {
    await handle.close();
  }
}

/** Where the frame that starts there ends, which is past the file if it is cut off; undefined: no frame. */
async function endOfFrame(handle: FileHandle, start: number): Promise<number | undefined> {
  const header = await readAt(handle, start, HEADER_BYTES_MAX);
  if (header.length < 8) throw cutOff();
  const magic = header.readUInt32LE(0);
  if (isSkippable(magic)) return start + 8 + header.readUInt32LE(4);
  if (magic !== FRAME_MAGIC) return undefined;
  const descriptor = header.readUInt8(4);
  let position = start + headerBytes(descriptor);
  for (let isLast = false; !isLast;) {
    const block = await readAt(handle, position, BLOCK_HEADER_BYTES);
    if (block.length < BLOCK_HEADER_BYTES) throw cutOff();
    const bits = block.readUIntLE(0, BLOCK_HEADER_BYTES);
    isLast = (bits & 1) === 1;
    const bytes = ((bits >> 1) & 3) === RLE_BLOCK ? 1 : bits >> 3;
    position += BLOCK_HEADER_BYTES + bytes;
  }
  return position + ((descriptor & 4) === 0 ? 0 : CHECKSUM_BYTES);
}

function isSkippable(magic: number): boolean {
  return magic >= 0x184d2a50 && magic <= 0x184d2a5f;
}

/** The bytes of a frame's header, its magic number among them, by its descriptor. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  return 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes;
}

async function readAt(handle: FileHandle, position: number, count: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, position);
  return buffer.subarray(0, bytesRead);
}

function cutOff(): Error {
  return Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR' });
}
