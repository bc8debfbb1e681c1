import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { refuse } from '../refuse-import';
import { requireWholeFrames } from './zstd-frames';
import type { FileCompression } from '../source-file';

const CHUNK_BYTES = 1 << 20;
/** Larger buffers would cost most of the time where files are small and many. */
const SMALL_BYTES = 1 << 16;

/** What a file is packed with, by its first bytes, whatever its name says. */
export async function findCompression(file: string): Promise<FileCompression> {
  return compressionOf(await readStart(file, 'none', 4));
}

/** What bytes are packed with, by the first four of them. */
export function compressionOf(start: Buffer): FileCompression {
  if (start.length >= 2 && start.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (start.length < 4) return 'none';
  const magic = start.readUInt32LE(0);
  const isSkippable = magic >= 0x184d2a50 && magic <= 0x184d2a5f;
  return magic === 0xfd2fb528 || isSkippable ? 'zstd' : 'none';
}

/** The first bytes of a file, unpacked; fewer where it is shorter. */
export async function readStart(
  file: string,
  compression: FileCompression,
  bytes = 4096,
): Promise<Buffer> {
  if (compression === 'none') return readBytes(file, bytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of unpackFile(file, compression)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks).subarray(0, bytes);
}

async function readBytes(file: string, count: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Why a file that is packed can't be unpacked, as the rest of a sentence; undefined for other errors. */
export function whyNotUnpacked(error: unknown): string | undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (!/^(Z_|ZSTD_)/.test(code)) return undefined;
  return `is ${code === 'Z_BUF_ERROR' ? 'cut off' : 'damaged'}; it can't be unpacked to its end`;
}

/**
 * The bytes of a file, unpacked, a chunk at a time. DuckDB reads packed files by itself, but takes
 * one that is cut off or damaged for a shorter one; this fails.
 */
export async function* unpackFile(
  file: string,
  compression: FileCompression,
): AsyncGenerator<Buffer> {
  if (compression === 'none') {
    yield* createReadStream(file, { highWaterMark: CHUNK_BYTES });
    return;
  }
  // Node 22's zstd takes a frame that is cut off for a shorter one.
  if (compression === 'zstd') await requireWholeFrames(file);
  const { size } = await stat(file);
  const chunkBytes = size < SMALL_BYTES ? SMALL_BYTES : CHUNK_BYTES;
  let start = 0;
  // Node's zstd ends with the first frame; files written in parallel have many.
  do {
    const unpacking = createUnpacking(compression, chunkBytes);
    yield* unpack({ file, start, chunkBytes }, unpacking);
    if (unpacking.bytesWritten === 0) return;
    start += unpacking.bytesWritten;
  } while (compression === 'zstd' && start < size);
}

type Unpacking = Transform & { readonly bytesWritten: number };
type CreateUnpacking = (options: { chunkSize: number }) => Unpacking;

/** Node 22 has zstd from 22.15 on. */
const unpackings: { createGunzip: CreateUnpacking; createZstdDecompress?: CreateUnpacking } = zlib;

function createUnpacking(compression: 'gzip' | 'zstd', chunkSize: number): Unpacking {
  const create = compression === 'gzip' ? unpackings.createGunzip : unpackings.createZstdDecompress;
  if (!create) {
    throw refuse('a file is packed with zstd, which needs Node 22.15 or later; pack it with gzip');
  }
  return create({ chunkSize });
}

async function* unpack(
  { file, start, chunkBytes }: { file: string; start: number; chunkBytes: number },
  unpacking: Transform,
): AsyncGenerator<Buffer> {
  const input = createReadStream(file, { start, highWaterMark: chunkBytes });
  const output = new PassThrough({ highWaterMark: chunkBytes });
  const failed = pipeline(input, unpacking, output).catch((error: Error) => {
    output.destroy(error);
  });
  try {
    yield* output as AsyncIterable<Buffer>;
    await failed;
  } finally {
    input.destroy();
    unpacking.destroy();
    output.destroy();
  }
}
