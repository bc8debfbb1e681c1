import type { FileCompression } from '../sources/source-file';
import { unpackFile } from '../sources/text/unpack-file';

/** A text file of a source as it lies in the import folder. */
export interface SourceText {
  readonly file: string;
  readonly format: 'csv' | 'json';
  readonly compression: FileCompression;
}

/** The file's text in UTF-8, a chunk at a time; UTF-16 is known by its byte order mark. */
export async function* readText({ file, compression }: SourceText): AsyncGenerator<Buffer> {
  let decoder: TextDecoder | null | undefined;
  for await (const chunk of unpackFile(file, compression)) {
    if (decoder === undefined) decoder = decoderOf(chunk);
    yield decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk;
  }
}

function decoderOf(start: Buffer): TextDecoder | null {
  if (start[0] === 0xff && start[1] === 0xfe) return new TextDecoder('utf-16le');
  if (start[0] === 0xfe && start[1] === 0xff) return new TextDecoder('utf-16be');
  return null;
}
