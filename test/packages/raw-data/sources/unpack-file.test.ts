import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  findCompression,
  readStart,
  unpackFile,
  whyNotUnpacked,
} from '../../../../packages/raw-data/sources/text/unpack-file';
import { packZstd } from '../../../support/pack-zstd';
import { createScratchDirectory } from '../../../environment/scratch-directory';

describe('a packed file', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  const LINES = 'a,b\n1,2\n'.repeat(200_000);
  const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

  const write = (bytes: Buffer): string => {
    const file = path.join(scratch.path, 'file');
    writeFileSync(file, bytes);
    return file;
  };

  async function unpack(bytes: Buffer): Promise<string> {
    const file = write(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of unpackFile(file, await findCompression(file))) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  it.each([
    ['none', Buffer.from(LINES)],
    ['none', Buffer.alloc(0)],
    ['none', Buffer.from('a')],
    ['gzip', gzipSync(LINES)],
    ['zstd', packZstd(LINES)],
    ['zstd', Buffer.concat([SKIPPABLE, packZstd(LINES)])],
  ])('is known by its first bytes: %s', async (compression, bytes) => {
    expect(await findCompression(write(bytes))).toBe(compression);
  });

  it.each([
    ['no bytes at all', Buffer.alloc(0), ''],
    ['one gzip member', gzipSync(LINES), LINES],
    [
      'gzip members, as cat or bgzip makes them',
      Buffer.concat([gzipSync(LINES), gzipSync('x')]),
      `${LINES}x`,
    ],
    ['one zstd frame', packZstd(LINES), LINES],
    [
      'zstd frames, as writers with threads make them',
      Buffer.concat([packZstd(LINES), SKIPPABLE, packZstd(LINES), packZstd('x')]),
      `${LINES}${LINES}x`,
    ],
    ['an empty gzip', gzipSync(''), ''],
  ])('comes back whole: %s', async (_what, bytes, text) => {
    expect(await unpack(bytes)).toBe(text);
  });

  const flipped = (bytes: Buffer, fromEnd: number): Buffer => {
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - fromEnd]! ^= 0xff;
    return damaged;
  };
  it.each([
    ['gzip cut off', gzipSync(LINES).subarray(0, 500), 'cut off'],
    ['gzip cut off in its trailer', gzipSync(LINES).subarray(0, -3), 'cut off'],
    [
      'a second gzip member cut off',
      Buffer.concat([gzipSync(LINES), gzipSync('x').subarray(0, 12)]),
      'cut off',
    ],
    ['gzip of another checksum', flipped(gzipSync(LINES), 6), 'damaged'],
    ['zstd cut off', packZstd(LINES).subarray(0, 40), 'cut off'],
    [
      'a second zstd frame cut off',
      Buffer.concat([packZstd(LINES), packZstd(LINES).subarray(0, 40)]),
      'cut off',
    ],
  ])('is not taken for a shorter one: %s', async (_what, bytes, why) => {
    const failure: unknown = await unpack(bytes).then(
      () => null,
      (error: unknown) => error,
    );
    expect(whyNotUnpacked(failure)).toContain(why);
  });

  it('gives its first bytes without the rest, which may be damaged', async () => {
    const file = write(flipped(gzipSync(LINES), 6));
    expect((await readStart(file, 'gzip', 3)).toString()).toBe('a,b');
  });
});
