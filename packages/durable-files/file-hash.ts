import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A file's size and SHA-256 in hex; read whole, several times faster than by a stream. */
export async function describeFile(file: string): Promise<{ bytes: number; sha256: string }> {
  const content = await readFile(file);
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** Of a file that fits memory, as partitions, models and parts of timelines do. */
export async function sha256OfFile(file: string): Promise<string> {
  return (await describeFile(file)).sha256;
}
