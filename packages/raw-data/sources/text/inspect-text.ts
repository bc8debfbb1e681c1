import { isUtf8 } from 'node:buffer';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface TextFindings {
  readonly isUtf8: boolean;
  /** Whether some lines end in one way and some in another, be it inside quotes. */
  readonly hasMixedLineEnds: boolean;
  /** The last character but for blanks and line ends; empty where there is none. */
  readonly lastCharacter: string;
  readonly lines: number;
}

/**
 * What must be known of a whole text before DuckDB reads it; looks at every byte once.
 *
 * @param onLines  Is told how many lines have been read.
 */
export async function inspectText(
  chunks: AsyncIterable<Buffer>,
  onLines: (lines: number) => void = () => {},
): Promise<TextFindings> {
  const ends = { lineFeeds: 0, carriageReturns: 0, pairs: 0 };
  const linesSoFar = () => Math.max(ends.lineFeeds, ends.carriageReturns);
  let last = 0;
  let lastCharacter = '';
  let open: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = open.length === 0 ? chunk : Buffer.concat([open, chunk]);
    const end = endOfWholeCharacters(bytes);
    if (!isUtf8(bytes.subarray(0, end))) {
      return { isUtf8: false, hasMixedLineEnds: false, lastCharacter, lines: linesSoFar() };
    }
    open = bytes.subarray(end);
    countLineEnds(chunk, last, ends);
    last = chunk.at(-1) ?? last;
    lastCharacter = lastVisible(chunk) ?? lastCharacter;
    onLines(linesSoFar());
  }
  const { lineFeeds, carriageReturns, pairs } = ends;
  const isPure =
    carriageReturns === 0 || lineFeeds === 0 || (pairs === lineFeeds && pairs === carriageReturns);
  const lines = linesSoFar();
  return { isUtf8: open.length === 0, hasMixedLineEnds: !isPure, lastCharacter, lines };
}

function lastVisible(chunk: Buffer): string | undefined {
  let index = chunk.length - 1;
  while (index >= 0 && chunk[index]! <= 0x20) index -= 1;
  return index < 0 ? undefined : String.fromCharCode(chunk[index]!);
}

function countLineEnds(
  chunk: Buffer,
  before: number,
  ends: { lineFeeds: number; carriageReturns: number; pairs: number },
): void {
  if (before !== CARRIAGE_RETURN && !chunk.includes(CARRIAGE_RETURN)) {
    // Nearly every file.
    ends.lineFeeds += countLineFeeds(chunk);
    return;
  }
  let [last, lineFeeds, carriageReturns, pairs] = [before, 0, 0, 0];
  for (let index = 0; index < chunk.length; index += 1) {
    const byte = chunk[index]!;
    if (byte === CARRIAGE_RETURN) carriageReturns += 1;
    else if (byte === LINE_FEED) {
      lineFeeds += 1;
      if (last === CARRIAGE_RETURN) pairs += 1;
    }
    last = byte;
  }
  ends.lineFeeds += lineFeeds;
  ends.carriageReturns += carriageReturns;
  ends.pairs += pairs;
}

/** Several times faster than a look at every byte. */
function countLineFeeds(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1))
    count += 1;
  return count;
}

/** Where the last character that is not whole begins; the length where there is none. */
function endOfWholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const width = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return back < width ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** The number, from 1, of the first line that is not UTF-8; lines end with a line feed. */
export async function findLineNotUtf8(chunks: AsyncIterable<Buffer>): Promise<number> {
  let number = 1;
  let open: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    let rest: Buffer = Buffer.concat([open, chunk]);
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      if (!isUtf8(rest.subarray(0, end))) return number;
      rest = rest.subarray(end + 1);
      number += 1;
    }
    open = rest;
  }
  return number;
}
