import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { findLineNotUtf8, inspectText } from './inspect-text';
import { endRecordsAlike, findRecordEnds } from './record-ends';
import { refuse } from '../refuse-import';
import type { FileCompression, FileFormat } from '../source-file';
import { compressionOf, readStart, unpackFile } from './unpack-file';

/** A text file that DuckDB reads as it is meant: UTF-8, whole, its records ended alike. */
export interface PlainText {
  readonly file: string;
  readonly compression: FileCompression;
  readonly hasMixedLineEnds: boolean;
  readonly lastCharacter: string;
  readonly lines: number;
}

interface TextFile {
  readonly label: string;
  readonly file: string;
  readonly format: FileFormat | undefined;
  /** Is told how many lines have been read. */
  readonly onLines?: (lines: number) => void;
}

/**
 * Reads a text file once, to its end. UTF-16 with a byte order mark is written out as UTF-8 under
 * `rewritten`; nearly every other file is left where it is.
 *
 * @throws ChurnError INVALID_IMPORT for bytes that are no UTF-8, with the line, and for what is packed
 *   twice; what `unpackFile` throws
 *   for a file that can't be read or unpacked.
 */
export async function openText(
  { label, file, format, onLines }: TextFile,
  compression: FileCompression,
  rewritten: string,
): Promise<PlainText> {
  const bytes = () => unpackFile(file, compression);
  const start = await readStart(file, compression);
  if (compression !== 'none' && compressionOf(start) !== 'none') {
    throw refuse(`${label} is packed twice; unpack it once`);
  }
  const encoding = encodingOf(label, start);
  // DuckDB takes a byte order mark in front of a CSV, not of JSON.
  if (encoding !== 'utf-8' || (format === 'json' && start.subarray(0, 3).equals(UTF8_MARK))) {
    await decode(bytes(), { encoding, label, rewritten });
    const { isUtf8: _, ...found } = await inspectText(unpackFile(rewritten, 'none'), onLines);
    return { file: rewritten, compression: 'none', ...found };
  }
  const { isUtf8, ...found } = await inspectText(bytes(), onLines);
  if (!isUtf8) {
    const line = await findLineNotUtf8(bytes());
    throw refuse(
      `${label} is not UTF-8 at line ${line}, perhaps Windows-1252; save it as UTF-8 (in Excel: "CSV UTF-8")`,
    );
  }
  return { file, compression, ...found };
}

/** Writes a CSV whose records end in different ways out anew, where it is certain what is meant. */
export async function mendRecordEnds(
  text: PlainText,
  { label, delimiter, rewritten }: { label: string; delimiter: string; rewritten: string },
): Promise<PlainText> {
  if (!text.hasMixedLineEnds) return text;
  const { kinds, firstOtherLine } = await findRecordEnds(
    unpackFile(text.file, text.compression),
    delimiter,
  );
  if (kinds.size < 2 && !kinds.has('CRCRLF')) return text;
  if (kinds.has('CR')) {
    throw refuse(
      `${label} has different line ends, among them a carriage return alone, from line ${firstOtherLine} on; save it with one kind`,
    );
  }
  const target = `${rewritten}.mended`;
  const bytes = unpackFile(text.file, text.compression);
  await pipeline(endRecordsAlike(bytes, delimiter), createWriteStream(target));
  return { ...text, file: target, compression: 'none', hasMixedLineEnds: false };
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** By the byte order mark; a text that begins with an ASCII letter has no NUL beside it in UTF-8. */
function encodingOf(label: string, start: Buffer): Encoding {
  const mark = start.toString('hex', 0, 4);
  if (mark === 'fffe0000') throw refuse(saveAsUtf8(label, 'UTF-32'));
  if (mark.startsWith('fffe')) return 'utf-16le';
  if (mark.startsWith('feff')) return 'utf-16be';
  if (start.subarray(0, 2).includes(0)) {
    throw refuse(saveAsUtf8(label, 'UTF-16 or UTF-32 without a byte order mark'));
  }
  return 'utf-8';
}

function saveAsUtf8(label: string, encoding: string): string {
  return `${label} looks like ${encoding}; save it as UTF-8`;
}

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

async function decode(
  chunks: AsyncIterable<Buffer>,
  { encoding, label, rewritten }: { encoding: Encoding; label: string; rewritten: string },
): Promise<void> {
  // It leaves out the byte order mark, and stops at what is no character.
  const decoder = new TextDecoder(encoding, { fatal: true });
  let lines = 1;
  async function* decoded(): AsyncGenerator<string> {
    for await (const chunk of chunks) {
      const text = decoder.decode(chunk, { stream: true });
      lines += text.split('\n').length - 1;
      yield text;
    }
    yield decoder.decode();
  }
  await pipeline(decoded(), createWriteStream(rewritten)).catch((error: unknown) => {
    if (!isNotDecodable(error)) throw error;
    throw refuse(
      `${label} is not ${encoding.toUpperCase()} after line ${lines}, though it begins so`,
      error,
    );
  });
}

function isNotDecodable(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
}

/** Where a text is written out anew, if it must be. */
export function rewrittenFile(scratch: string, index: number): string {
  return path.join(scratch, `source-${index}.rewritten`);
}
