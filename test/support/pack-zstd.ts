import zlib from 'node:zlib';

type Pack = (data: string | Buffer) => Buffer;

/** Node 22 has zstd from 22.15 on. */
const packers: { gzipSync: Pack; zstdCompressSync?: Pack } = zlib;

export function packZstd(data: string | Buffer): Buffer {
  return packers.zstdCompressSync!(data);
}
